// A text box with a list of what may be typed next: arrows choose, Enter and Tab take, Escape closes.

/** @typedef {import("./completion.js").Suggestion} Suggestion */

const WAIT = 120; // milliseconds after the last key

/**
 * @param {HTMLInputElement} box
 * @param {(before: string, signal: AbortSignal) => Promise<Suggestion[]>} suggest
 */
export function combobox(box, suggest) {
  const list = document.createElement("ul");
  list.className = "complete";
  list.id = `${box.id}-list`;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "What may be typed next");
  list.hidden = true;
  box.after(list);
  for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-controls": list.id })) {
    box.setAttribute(name, value);
  }
  /** @type {Suggestion[]} */
  let shown = [];
  let chosen = -1;
  let timer = 0;
  let asking = new AbortController();
  close();

  function close() {
    clearTimeout(timer);
    asking.abort();
    list.hidden = true;
    chosen = -1;
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
  }

  async function open() {
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    const found = await suggest(box.value.slice(0, box.selectionStart ?? box.value.length), signal);
    if (signal.aborted || document.activeElement !== box) return;
    if (!found.length) return close();
    shown = found.slice(0, 30);
    list.replaceChildren(...shown.map(item));
    list.hidden = false;
    chosen = -1;
    box.setAttribute("aria-expanded", "true");
    box.removeAttribute("aria-activedescendant");
  }

  /**
   * @param {Suggestion} suggestion
   * @param {number} place
   */
  function item({ text, what }, place) {
    const made = document.createElement("li");
    made.id = `${list.id}-${place}`;
    made.setAttribute("role", "option");
    made.setAttribute("aria-selected", "false");
    const [main, more] = [document.createElement("span"), document.createElement("span")];
    main.textContent = text;
    more.textContent = what;
    more.className = "what";
    made.append(main, more);
    made.addEventListener("mousedown", (event) => {
      event.preventDefault();
      take(place);
    });
    return made;
  }

  /** @param {number} step */
  function move(step) {
    list.children[chosen]?.setAttribute("aria-selected", "false");
    chosen = (chosen + step + shown.length + (chosen < 0 && step < 0 ? 1 : 0)) % shown.length;
    const now = list.children[chosen];
    now.setAttribute("aria-selected", "true");
    now.scrollIntoView({ block: "nearest" });
    box.setAttribute("aria-activedescendant", now.id);
  }

  /** @param {number} place */
  function take(place) {
    const { text, from, after } = shown[place];
    const rest = box.value.slice(box.selectionStart ?? box.value.length);
    const start = box.value.slice(0, from) + text + after;
    box.value = start + rest.replace(/^['\s]/, after === " " ? "" : "$&");
    box.setSelectionRange(start.length, start.length);
    close();
    void open();
  }

  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = window.setTimeout(open, WAIT);
  });
  box.addEventListener("blur", close);
  box.addEventListener("keydown", (event) => {
    const isOpen = !list.hidden;
    if (event.key === "ArrowDown" && !isOpen) void open();
    else if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp" && isOpen) move(-1);
    else if (event.key === "Escape" && isOpen) close();
    else if ((event.key === "Enter" || event.key === "Tab") && isOpen && chosen >= 0) take(chosen);
    else return;
    event.preventDefault();
  });
}
