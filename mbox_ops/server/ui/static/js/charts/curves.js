/** The curves of the API: how they are asked for, and what a chart keeps of them. */

import { namespaceHeader } from "../api.js";

/** @typedef {"step" | "wallclock" | "relative"} Axis */
/** @typedef {{run_id: string, name: string}} SeriesRef */

/**
 * A series thinned out by the server; x is a step, or seconds.
 * @typedef {object} Curve
 * @property {string} run_id
 * @property {string} name
 * @property {string} kind
 * @property {number} total
 * @property {boolean} thinned
 * @property {Float64Array} xs
 * @property {Float64Array} steps
 * @property {Float64Array} times seconds since 1970 UTC
 * @property {Float64Array} values
 * @property {Float64Array} nanStarts
 * @property {Float64Array} nanCounts
 */

/** @typedef {{first: number, last: number}} Range */

/** @typedef {{axis: Axis, most: number, range?: Range | null}} How */
/** @typedef {{series: SeriesRef[], how: How, resolve: (curves: Curve[]) => void, reject: (error: unknown) => void}} Waiting */

const MOST_TOGETHER = 200;
const GATHERING = 30; // milliseconds: what charts ask for meanwhile becomes one request
/** @type {Waiting[]} */
let waiting = [];
let atOnce = false;

/**
 * From now on answer before anything else happens, or again in good time: a page that is printed waits for nothing.
 * @param {boolean} wanted
 */
export function answerAtOnce(wanted) {
  atOnce = wanted;
  if (atOnce) sendWaiting();
}

/**
 * Ask for curves; what several charts ask for in the same way goes out together.
 * @param {SeriesRef[]} series
 * @param {How} how
 * @returns {Promise<Curve[]>}
 */
export function fetchCurves(series, how) {
  return new Promise((resolve, reject) => {
    if (!waiting.length && !atOnce) setTimeout(sendWaiting, GATHERING);
    waiting.push({ series, how, resolve, reject });
    if (atOnce) sendWaiting();
  });
}

function sendWaiting() {
  /** @type {Map<string, Waiting[]>} */
  const alike = new Map();
  for (const one of waiting) {
    const key = JSON.stringify(one.how);
    alike.set(key, [...(alike.get(key) ?? []), one]);
  }
  waiting = [];
  alike.forEach((several) => answer(several));
}

/**
 * @param {Waiting[]} several that ask in the same way
 */
async function answer(several) {
  const series = several.flatMap((one) => one.series);
  /** @type {Promise<Curve[]>[]} */
  const asked = [];
  for (let at = 0; at < series.length; at += MOST_TOGETHER) {
    asked.push(ask(series.slice(at, at + MOST_TOGETHER), several[0].how));
  }
  try {
    const curves = (await Promise.all(asked)).flat();
    several.forEach((one) => one.resolve(curves.splice(0, one.series.length)));
  } catch (error) {
    several.forEach((one) => one.reject(error));
  }
}

/**
 * @param {SeriesRef[]} series
 * @param {How} how
 * @returns {Promise<Curve[]>}
 */
async function ask(series, how) {
  const body = {
    series: series.map(({ run_id, name }) => ({ run_id, name })),
    max_points: how.most,
    x: how.axis,
    ...(how.range ? { first_step: how.range.first, last_step: how.range.last } : {}),
  };
  const headers = { "content-type": "application/json", accept: "application/json", ...namespaceHeader() };
  const { ok, status, found } = await (atOnce ? postNow : post)("/api/v1/curves", headers, JSON.stringify(body));
  if (!ok) throw new Error(found.error?.message ?? `The service answered ${status}.`);
  return found.items.map((/** @type {any} */ item) => curveOf(item, how.axis));
}

/** @typedef {{ok: boolean, status: number, found: any}} Answer */

/**
 * @param {string} path
 * @param {Record<string, string>} headers
 * @param {string} body
 * @returns {Promise<Answer>}
 */
async function post(path, headers, body) {
  const response = await fetch(path, { method: "POST", headers, body });
  return { ok: response.ok, status: response.status, found: await response.json() };
}

/**
 * The same, and nothing else happens meanwhile.
 * @param {string} path
 * @param {Record<string, string>} headers
 * @param {string} body
 * @returns {Answer}
 */
function postNow(path, headers, body) {
  const request = new XMLHttpRequest();
  request.open("POST", path, false);
  for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
  request.send(body);
  return { ok: request.status === 200, status: request.status, found: JSON.parse(request.responseText) };
}

/**
 * @param {any} item
 * @param {Axis} axis
 * @returns {Curve}
 */
export function curveOf(item, axis) {
  const unit = axis === "step" ? 1 : 1e6;
  const scaled = (/** @type {number[]} */ column) => Float64Array.from(column, (x) => x / unit);
  return {
    run_id: item.run_id,
    name: item.name,
    kind: item.kind,
    total: item.total,
    thinned: item.thinned,
    xs: scaled(item.xs),
    steps: Float64Array.from(item.steps),
    times: Float64Array.from(item.wallclocks, (time) => time / 1e6),
    values: Float64Array.from(item.values, Number),
    nanStarts: scaled(item.nan_starts),
    nanCounts: Float64Array.from(item.nan_counts),
  };
}

/**
 * The steps to ask for, so that all points between two places on x are among the answer.
 * @param {Curve[]} curves
 * @param {Axis} axis
 * @param {number} low
 * @param {number} high
 * @returns {Range | null} null: nothing lies there
 */
export function stepsBetween(curves, axis, low, high) {
  if (axis === "step") return { first: Math.floor(low), last: Math.ceil(high) };
  let first = Infinity;
  let last = -Infinity;
  for (const curve of curves) {
    for (let i = 0; i < curve.xs.length; i += 1) {
      const inside = curve.xs[i] >= low && curve.xs[i] <= high;
      const beside = (curve.xs[i] < low && curve.xs[i + 1] >= low) || (curve.xs[i] > high && curve.xs[i - 1] <= high);
      if (inside || beside) {
        first = Math.min(first, curve.steps[i]);
        last = Math.max(last, curve.steps[i]);
      }
    }
  }
  return first <= last ? { first, last } : null;
}
