// The table of runs: completion in the filter, selection over pages, columns in a dialog, rows that follow what happens.

import { columnsDialog } from "./columns_dialog.js";
import { combobox } from "./combobox.js";
import { fieldsOf, knownValues, suggest } from "./completion.js";
import { live } from "./live.js";
import { selection } from "./selection.js";

const filter = /** @type {HTMLInputElement} */ (document.querySelector("#filter"));
const known = {
  columns: (filter.dataset.columns ?? "").split(" "),
  listed: (filter.dataset.listed ?? "").split(" "),
};
combobox(filter, (before, signal) => suggest(before, known, signal));

for (const box of /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("[data-complete]"))) {
  box.addEventListener("input", () => void fill(box));
  box.addEventListener("focus", () => void fill(box));
}

/** The list of a box of the builder. @param {HTMLInputElement} box */
async function fill(box) {
  const list = box.list;
  if (!list) return;
  const field = /** @type {HTMLInputElement | null} */ (box.form?.elements.namedItem("field"));
  const isValue = box.dataset.complete === "value";
  const asked = box.value;
  const typed = box.dataset.complete === "metric" && !box.value ? "metrics." : box.value;
  const texts = isValue
    ? (await knownValues(field?.value ?? "", box.value, known)).map(String)
    : (await fieldsOf(typed, 0, known)).map(({ text }) => text);
  if (box.value !== asked) return; // what is asked for now is answered later
  list.replaceChildren(...texts.map((text) => {
    const option = document.createElement("option");
    option.value = text;
    return option;
  }));
}

const columns = /** @type {HTMLAnchorElement | null} */ (document.querySelector("#columns-link"));
if (columns) columnsDialog(columns);

const form = /** @type {HTMLFormElement | null} */ (document.querySelector("#selection"));
const table = /** @type {HTMLTableElement | null} */ (document.querySelector("#runs"));
if (form && table) {
  const show = selection(form);
  if (table.dataset.live === "true") live(table, show);
}
