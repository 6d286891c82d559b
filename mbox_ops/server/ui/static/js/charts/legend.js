/** A chart's legend: which curve is which, its value at the cursor, and a switch for each; and what the chart says. */

import { duration, formatCount, formatInstant, formatNumber } from "./formats.js";
import { swatch } from "./palette.js";

/** @typedef {import("./curves.js").Curve} Curve */
/** @typedef {import("./layers.js").Layers} Layers */
/** @typedef {import("./layers.js").Settings} Settings */

export class Legend {
  /**
   * @param {import("./chart.js").Spec} spec
   * @param {(curve: number, shown: boolean) => void} onSwitch
   */
  constructor(spec, onSwitch) {
    this.spec = spec;
    this.root = document.createElement("div");
    this.root.className = spec.series.length > 1 ? "legend" : "legend single";
    this.place = document.createElement("span");
    this.place.className = "legend-place";
    this.values = spec.series.map((_, curve) => this.entry(curve, onSwitch));
    this.root.append(this.place);
  }

  /**
   * @param {number} curve
   * @param {(curve: number, shown: boolean) => void} onSwitch
   */
  entry(curve, onSwitch) {
    const alone = this.spec.series.length === 1; // nothing to switch, and the title says what it is
    const entry = document.createElement(alone ? "span" : "button");
    const label = document.createElement("bdi");
    label.textContent = label.title = this.spec.series[curve].label;
    const value = document.createElement("output");
    entry.append(swatch(lookOf(this.spec, curve)), label, value);
    this.root.append(entry);
    if (!(entry instanceof HTMLButtonElement)) return value;
    entry.type = "button";
    entry.setAttribute("aria-pressed", "true");
    entry.addEventListener("click", () => {
      const shown = entry.getAttribute("aria-pressed") !== "true";
      entry.setAttribute("aria-pressed", String(shown));
      onSwitch(curve, shown);
    });
    return value;
  }

  /**
   * Show the values at the cursor.
   * @param {uPlot} plot
   * @param {Layers} layers
   * @param {Settings} settings
   */
  follow(plot, { layers }, settings) {
    const at = plot.cursor.idx;
    this.place.textContent = at == null ? "" : placeOf(plot.data[0][at], settings);
    layers.forEach(({ curve, role }, i) => {
      if (role !== "line") return;
      const index = plot.cursor.idxs?.[i + 1];
      const value = index == null ? null : plot.data[i + 1][index];
      this.values[curve].textContent = value == null ? "" : formatNumber(value, this.spec.format);
    });
  }

  /** The values at the cursor, as a sentence. */
  spoken() {
    const found = this.values.flatMap((value, curve) =>
      value.textContent ? [`${this.spec.series[curve].label} ${value.textContent}`] : [],
    );
    return `${this.place.textContent}: ${found.join(", ")}`;
  }
}

/**
 * The number of a curve's colour and dashes.
 * @param {import("./chart.js").Spec} spec
 * @param {number} curve
 * @returns {number}
 */
export function lookOf(spec, curve) {
  return spec.series[curve].look ?? curve;
}

/**
 * A place on x, as a person reads it.
 * @param {number} x
 * @param {Settings} settings
 * @returns {string}
 */
export function placeOf(x, { axis }) {
  if (axis === "step") return `step ${formatCount(x)}`;
  return axis === "wallclock" ? formatInstant(x) : `after ${duration(x)}`;
}

/**
 * What cannot be seen in the drawing.
 * @param {Curve[]} curves
 * @param {Layers} layers
 * @returns {string}
 */
export function describe(curves, { marks, hidden }) {
  const total = curves.reduce((sum, curve) => sum + curve.total, 0);
  if (!total) return "No points.";
  const shown = curves.reduce((sum, curve) => sum + curve.xs.length, 0);
  const nans = marks.reduce((sum, { kind, count }) => sum + (kind === "nan" ? count : 0), 0);
  const infinities = marks.filter(({ kind }) => kind !== "nan").length;
  const others = curves.filter(({ kind }) => kind !== "float").length;
  const said = [];
  if (curves.some(({ thinned }) => thinned)) {
    said.push(`${formatCount(shown)} of ${formatCount(total)} points, every peak among them; zoom for more`);
  }
  if (nans) said.push(`✕ ${formatCount(nans)} NaN`);
  if (infinities) said.push(`▲▼ ${formatCount(infinities)} infinite`);
  if (hidden) said.push(`${formatCount(hidden)} points at or below zero have no place on a logarithmic axis`);
  if (others) said.push(`${others} series not numeric`);
  return said.join(" · ");
}
