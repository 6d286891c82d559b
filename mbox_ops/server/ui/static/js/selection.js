// Which runs are selected, over all pages of the table: kept for this tab until it is closed, or something was done.

const KEY = `mbox-selected ${document.body.dataset.namespace}`;
const SENT = "mbox-selected-sent"; // something is being done with them: they are let go if that went well

/** @returns {Set<string>} */
function read() {
  try {
    if (sessionStorage.getItem(SENT) && !document.querySelector(".flash-failed")) sessionStorage.removeItem(KEY);
    sessionStorage.removeItem(SENT);
    return new Set(JSON.parse(sessionStorage.getItem(KEY) ?? "[]"));
  } catch {
    return new Set();
  }
}

/**
 * @param {HTMLFormElement} form
 * @returns {() => void} what sets the boxes of rows anew, after rows have changed
 */
export function selection(form) {
  const chosen = read();
  const status = /** @type {HTMLElement} */ (form.querySelector("#selected"));
  const clear = /** @type {HTMLButtonElement} */ (form.querySelector("#clear"));
  const all = /** @type {HTMLInputElement} */ (form.querySelector("#all"));
  const boxes = () => /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll("tbody input[name=run]"));

  function show() {
    let here = 0;
    for (const box of boxes()) {
      box.checked = chosen.has(box.value);
      box.closest("tr")?.classList.toggle("is-selected", box.checked);
      here += Number(box.checked);
    }
    const elsewhere = chosen.size - here;
    status.textContent = chosen.size ? `${chosen.size} selected${elsewhere ? `, ${elsewhere} on other pages` : ""}` : "Select runs to";
    clear.hidden = !chosen.size;
    all.checked = here > 0 && here === boxes().length;
    all.indeterminate = here > 0 && here < boxes().length;
    try {
      sessionStorage.setItem(KEY, JSON.stringify([...chosen]));
    } catch {
      // a browser that keeps nothing selects on this page only
    }
  }

  /** @param {HTMLInputElement} box */
  function note(box) {
    if (box.checked) chosen.add(box.value);
    else chosen.delete(box.value);
  }

  let last = -1;
  form.addEventListener("click", (event) => {
    if (!(event.target instanceof HTMLInputElement) || event.target.name !== "run") return;
    const list = [...boxes()];
    const place = list.indexOf(event.target);
    if (event.shiftKey && last >= 0) {
      for (const box of list.slice(Math.min(last, place), Math.max(last, place) + 1)) {
        box.checked = event.target.checked;
        note(box);
      }
    }
    last = place;
  });
  form.addEventListener("change", (event) => {
    if (!(event.target instanceof HTMLInputElement)) return;
    if (event.target === all) {
      for (const box of boxes()) {
        box.checked = all.checked;
        note(box);
      }
    } else if (event.target.name === "run") note(event.target);
    else return;
    show();
  });
  clear.addEventListener("click", () => {
    chosen.clear();
    show();
  });
  form.addEventListener("formdata", ({ formData }) => {
    const here = new Set([...boxes()].map((box) => box.value));
    for (const run of chosen) if (!here.has(run)) formData.append("run", run);
  });
  form.addEventListener("submit", (event) => {
    const action = event.submitter instanceof HTMLButtonElement ? event.submitter.value : "";
    if (action === "compare") return; // one comes back to the same selection
    sessionStorage.setItem(SENT, action);
  });
  all.hidden = false;
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
  show();
  return show;
}
