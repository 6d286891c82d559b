// The page that columns are chosen on, in a dialog over the table; its search answers while one types.

/** @param {HTMLAnchorElement} link */
export function columnsDialog(link) {
  let isOpening = false;
  link.addEventListener("click", async (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (isOpening) return; // a double click opens one
    isOpening = true;
    const page = await load(link.href);
    isOpening = false;
    if (!page) {
      location.href = link.href;
      return;
    }
    const dialog = document.createElement("dialog");
    dialog.setAttribute("aria-label", "Columns of the table");
    dialog.append(page);
    document.body.append(dialog);
    dialog.addEventListener("close", () => {
      dialog.remove();
      link.focus();
    });
    dialog.addEventListener("click", (one) => {
      if (one.target === dialog) dialog.close();
    });
    searching(dialog);
    dialog.showModal();
    /** @type {HTMLInputElement} */ (dialog.querySelector("#search")).focus();
  });
}

/**
 * @param {string} address
 * @returns {Promise<Element | null>}
 */
async function load(address) {
  try {
    const response = await fetch(address, { headers: { accept: "text/html" } });
    const page = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("#columns");
    return page && document.importNode(page, true);
  } catch {
    return null;
  }
}

/** Hide what does not hold the text; what is not among the first fields is asked for with Enter. @param {Element} root */
function searching(root) {
  const box = /** @type {HTMLInputElement} */ (root.querySelector("#search"));
  box.addEventListener("input", () => {
    const text = box.value.toLowerCase();
    for (const item of root.querySelectorAll(".fields li")) {
      /** @type {HTMLElement} */ (item).hidden = !(item.textContent ?? "").toLowerCase().includes(text);
    }
  });
}
