// Rows change in place while one looks; new ones wait until one asks for them, so that nothing jumps.

import { follow } from "./following.js";

/**
 * @param {HTMLTableElement} table
 * @param {() => void} changed is called after rows have changed
 */
export function live(table, changed) {
  const link = /** @type {HTMLAnchorElement} */ (document.querySelector("#fresh"));

  async function look() {
    const found = await load();
    return found && update(found);
  }

  /** @returns {Promise<HTMLTableElement | null>} */
  async function load() {
    try {
      const address = new URL(location.href);
      address.searchParams.delete("total"); // to count all takes longer than to look
      const response = await fetch(address, { headers: { accept: "text/html" } });
      if (!response.ok || response.redirected) return null;
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      return /** @type {HTMLTableElement | null} */ (page.querySelector("#runs"));
    } catch {
      return null; // the service is away for a moment
    }
  }

  /**
   * @param {HTMLTableElement} found
   * @returns {boolean} whether a row has changed
   */
  function update(found) {
    const rows = new Map([...table.tBodies[0].rows].map((row) => [row.dataset.run, row]));
    let fresh = 0;
    let any = false;
    for (const row of found.tBodies[0].rows) {
      const old = rows.get(row.dataset.run);
      if (!old) fresh += 1;
      else if (old.cells.length === row.cells.length) any = replace(old, row) || any;
    }
    link.hidden = !fresh;
    link.textContent = fresh === 1 ? "Show 1 new run" : `Show ${fresh} new runs`;
    if (any) changed();
    return any;
  }

  follow(look);
}

/**
 * Put a row's new cells in the place of the old ones, all but its box and what has the focus; texts such as
 * `3 minutes ago` change quietly.
 * @param {HTMLTableRowElement} old
 * @param {HTMLTableRowElement} row
 */
function replace(old, row) {
  let changed = false;
  old.classList.remove("is-changed");
  for (let place = 1; place < row.cells.length; place += 1) {
    const [before, after] = [old.cells[place], row.cells[place]];
    if (before.innerHTML === after.innerHTML || before.contains(document.activeElement)) continue;
    changed = changed || !after.querySelector("time");
    before.replaceWith(document.importNode(after, true));
  }
  if (changed) old.classList.add("is-changed");
  return changed;
}
