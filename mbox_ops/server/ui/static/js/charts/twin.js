/** A chart's table: the same points as text, made when it is opened. */

import { formatCount, formatInstant, formatNumber } from "./formats.js";

/** @typedef {import("./curves.js").Curve} Curve */

const MOST = 500;

export class Twin {
  /**
   * @param {import("./chart.js").Spec} spec
   * @param {() => Curve[]} curves
   */
  constructor(spec, curves) {
    this.spec = spec;
    this.curves = curves;
    this.root = document.createElement("details");
    this.root.className = "twin";
    const summary = document.createElement("summary");
    summary.textContent = "Table of points";
    this.body = document.createElement("div");
    this.body.className = "scroll";
    this.body.tabIndex = 0;
    this.body.setAttribute("role", "region");
    this.body.setAttribute("aria-label", `Points of ${spec.title}`);
    this.root.append(summary, this.body);
    this.root.addEventListener("toggle", () => this.refresh());
  }

  /** Make the table again, if it can be seen. */
  refresh() {
    if (this.root.open) this.body.replaceChildren(...this.tables());
  }

  tables() {
    const table = document.createElement("table");
    table.className = "points";
    const several = this.spec.series.length > 1;
    const names = [...(several ? ["Curve"] : []), "Step", "Time", "Value"];
    table.createCaption().textContent = this.spec.title;
    const head = table.createTHead().insertRow();
    for (const name of names) {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.textContent = name;
      head.append(cell);
    }
    const body = table.createTBody();
    const most = Math.max(20, Math.floor(MOST / Math.max(1, this.spec.series.length)));
    let left = 0;
    this.curves().forEach((curve, index) => {
      rowsOf(curve).slice(0, most).forEach((row) => this.add(body, row, several ? this.spec.series[index].label : null));
      left += Math.max(0, curve.xs.length + curve.nanStarts.length - most);
    });
    const note = document.createElement("p");
    note.textContent = left ? `${formatCount(left)} more points; zoom in to see them here.` : "";
    return left ? [table, note] : [table];
  }

  /**
   * @param {HTMLTableSectionElement} body
   * @param {Row} row
   * @param {string | null} label
   */
  add(body, { step, time, value, exact }, label) {
    const line = body.insertRow();
    if (label !== null) {
      const name = document.createElement("bdi");
      name.textContent = label;
      line.insertCell().append(name);
    }
    line.insertCell().textContent = step;
    line.insertCell().textContent = time;
    const cell = line.insertCell();
    cell.textContent = typeof value === "string" ? value : formatNumber(value, this.spec.format);
    cell.title = exact;
  }
}

/** @typedef {{x: number, step: string, time: string, value: number | string, exact: string}} Row */

/**
 * The points of a curve and the first NaN of each part, by x.
 * @param {Curve} curve
 * @returns {Row[]}
 */
function rowsOf(curve) {
  /** @type {Row[]} */
  const rows = Array.from(curve.xs, (x, i) => ({
    x,
    step: formatCount(curve.steps[i]),
    time: formatInstant(curve.times[i]),
    value: curve.values[i],
    exact: String(curve.values[i]),
  }));
  curve.nanStarts.forEach((x, i) => {
    const count = curve.nanCounts[i];
    rows.push({ x, step: "", time: "", value: count > 1 ? `NaN (${count})` : "NaN", exact: `from x = ${x} on` });
  });
  return rows.sort((one, other) => one.x - other.x);
}
