/** What a chart draws of its curves: lines, faint lines behind smoothed ones, bands. Pure. */

import { align, envelope, place, smooth } from "./columns.js";

/** @typedef {import("./columns.js").Column} Column */
/** @typedef {import("./columns.js").Mark} Mark */
/** @typedef {import("./columns.js").Trace} Trace */
/** @typedef {import("./curves.js").Axis} Axis */
/** @typedef {import("./curves.js").Curve} Curve */

/**
 * How curves are shown: what stands in the address of the page.
 * @typedef {object} Settings
 * @property {Axis} axis
 * @property {boolean} logX
 * @property {boolean} logY
 * @property {number} smoothing 0 to 0.999
 * @property {boolean} band
 */

/** @typedef {"line" | "raw" | "low" | "high"} Role */
/** @typedef {{curve: number, role: Role}} Layer */

/**
 * @typedef {object} Layers
 * @property {Layer[]} layers one for each column behind x
 * @property {Column[]} columns
 * @property {Mark[]} marks
 * @property {number} hidden points without a place on a logarithmic axis
 */

const PARTS = 160;

/**
 * @param {Curve[]} curves
 * @param {Settings} settings
 * @returns {Layers}
 */
export function layersOf(curves, settings) {
  /** @type {Layer[]} */
  const layers = [];
  /** @type {Trace[]} */
  const traces = [];
  /** @type {Mark[]} */
  const marks = [];
  let hidden = 0;
  curves.forEach((curve, index) => {
    const placed = place(curve, index, settings);
    marks.push(...placed.marks);
    hidden += placed.trace.hidden;
    for (const [role, trace] of drawn(placed.trace, curve.thinned, settings)) {
      layers.push({ curve: index, role });
      traces.push(trace);
    }
  });
  return { layers, columns: align(traces), marks, hidden };
}

/**
 * @param {Trace} trace
 * @param {boolean} thinned
 * @param {Settings} settings
 * @returns {[Role, Trace][]}
 */
function drawn(trace, thinned, { smoothing, band }) {
  /** @type {[Role, Trace][]} */
  const found = [];
  const banded = band && (thinned || trace.xs.length > PARTS);
  const { low, high, middle } = banded ? envelope(trace, PARTS) : { low: trace, high: trace, middle: trace };
  if (banded) found.push(["low", low], ["high", high]);
  else if (smoothing > 0) found.push(["raw", trace]);
  found.push(["line", smoothing > 0 ? smooth(trace, smoothing) : middle]);
  return found;
}
