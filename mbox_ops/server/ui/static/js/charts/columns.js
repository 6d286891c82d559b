/** From curves to the columns that uPlot draws: one shared x, smoothing, and the band between least and greatest. Pure. */

/** @typedef {import("./curves.js").Curve} Curve */
/** @typedef {(number | null | undefined)[]} Column */
/** @typedef {"nan" | "above" | "below"} MarkKind */
/** @typedef {{curve: number, x: number, kind: MarkKind, count: number}} Mark */

/**
 * What is drawn of one curve: the points that have a place.
 * @typedef {object} Trace
 * @property {number[]} xs
 * @property {number[]} ys
 * @property {number} hidden points without a place on a logarithmic axis
 */

/**
 * The points of a curve that can be placed, and marks for those that cannot: NaN and infinities.
 * @param {Curve} curve
 * @param {number} index
 * @param {{logX: boolean, logY: boolean}} scales
 * @returns {{trace: Trace, marks: Mark[]}}
 */
export function place(curve, index, { logX, logY }) {
  /** @type {Trace} */
  const trace = { xs: [], ys: [], hidden: 0 };
  /** @type {Mark[]} */
  const marks = [];
  for (let i = 0; i < curve.xs.length; i += 1) {
    const [x, y] = [curve.xs[i], curve.values[i]];
    if (!Number.isFinite(y)) {
      marks.push({ curve: index, x, kind: y > 0 ? "above" : "below", count: 1 });
    } else if ((logX && x <= 0) || (logY && y <= 0)) {
      trace.hidden += 1;
    } else {
      trace.xs.push(x);
      trace.ys.push(y);
    }
  }
  curve.nanStarts.forEach((x, i) => marks.push({ curve: index, x, kind: "nan", count: curve.nanCounts[i] }));
  return { trace, marks };
}

/**
 * An exponential moving average that weighs by the distance on x, so that thinned out points do not count for more.
 * @param {Trace} trace
 * @param {number} weight of what was before, 0 to 0.999
 * @returns {Trace}
 */
export function smooth(trace, weight) {
  const { xs, ys } = trace;
  const spacing = xs.length > 1 ? (xs[xs.length - 1] - xs[0]) / (xs.length - 1) : 1;
  /** @type {number[]} */
  const smoothed = [];
  let sum = 0;
  let total = 0;
  for (let i = 0; i < ys.length; i += 1) {
    const distance = i === 0 || spacing === 0 ? 1 : (xs[i] - xs[i - 1]) / spacing;
    const kept = weight ** distance;
    sum = sum * kept + ys[i] * (1 - weight);
    total = total * kept + (1 - weight);
    smoothed.push(sum / total);
  }
  return { xs, ys: smoothed, hidden: trace.hidden };
}

/**
 * The least and the greatest value in each of so many equal parts of x, and the middle of them.
 * @param {Trace} trace
 * @param {number} parts
 * @returns {{low: Trace, high: Trace, middle: Trace}}
 */
export function envelope(trace, parts) {
  const { xs, ys } = trace;
  const width = xs.length ? (xs[xs.length - 1] - xs[0]) / parts || 1 : 1;
  /** @type {number[]} */
  const places = [];
  /** @type {number[]} */
  const low = [];
  /** @type {number[]} */
  const high = [];
  let part = -1;
  for (let i = 0; i < xs.length; i += 1) {
    const here = Math.floor((xs[i] - xs[0]) / width);
    if (here !== part) {
      part = here;
      places.push(xs[i]);
      low.push(ys[i]);
      high.push(ys[i]);
    }
    const at = low.length - 1;
    low[at] = Math.min(low[at], ys[i]);
    high[at] = Math.max(high[at], ys[i]);
  }
  const middle = low.map((least, i) => (least + high[i]) / 2);
  const of = (/** @type {number[]} */ column) => ({ xs: places, ys: column, hidden: 0 });
  return { low: of(low), high: of(high), middle: of(middle) };
}

/**
 * Columns over one shared x. Where a trace has several points at one x, so has the shared x: no spike is lost.
 * @param {Trace[]} traces each in the order of x
 * @returns {Column[]} x first; undefined where a trace has no point
 */
export function align(traces) {
  /** @type {Map<number, number>} */
  const times = new Map();
  for (const { xs } of traces) {
    for (let i = 0; i < xs.length; ) {
      let many = 1;
      while (xs[i + many] === xs[i]) many += 1;
      times.set(xs[i], Math.max(times.get(xs[i]) ?? 0, many));
      i += many;
    }
  }
  /** @type {number[]} */
  const shared = [];
  /** @type {Map<number, number>} */
  const first = new Map();
  for (const x of Float64Array.from(times.keys()).sort()) {
    first.set(x, shared.length);
    for (let i = 0; i < (times.get(x) ?? 0); i += 1) shared.push(x);
  }
  const columns = traces.map(({ xs, ys }) => {
    /** @type {Column} */
    const column = new Array(shared.length).fill(undefined);
    let repeated = 0;
    for (let i = 0; i < xs.length; i += 1) {
      repeated = i > 0 && xs[i] === xs[i - 1] ? repeated + 1 : 0;
      column[(first.get(xs[i]) ?? 0) + repeated] = ys[i];
    }
    return column;
  });
  return [shared, ...columns];
}
