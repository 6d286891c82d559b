/** The options that a chart hands to uPlot: axes, scales, how each layer is drawn, marks for NaN and infinities. */

import { duration, formatCount, formatMarks } from "./formats.js";
import { colour, custom, dash, translucent } from "./palette.js";

/** @typedef {import("./layers.js").Layer} Layer */
/** @typedef {import("./layers.js").Layers} Layers */
/** @typedef {import("./layers.js").Settings} Settings */

const FONT = "12px system-ui, sans-serif";
const CHARACTER = 7;
const LOGARITHMIC = 3;
// Round distances between the marks of an axis: of seconds, and of bytes.
const SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30].concat(
  [1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60),
  [1, 2, 3, 6, 12].map((hours) => hours * 3600),
  [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].map((days) => days * 86400),
);
const POWERS = Array.from({ length: 56 }, (_, power) => 2 ** power);

/**
 * @typedef {object} Wanted
 * @property {number} width
 * @property {number} height
 * @property {string} format of y
 * @property {Settings} settings
 * @property {Layers} layers
 * @property {(curve: number) => number} lookOf the number of a curve's colour and dashes
 * @property {(curve: number) => boolean} isShown
 * @property {[number, number] | null} zoomed
 * @property {(low: number, high: number) => void} onSelect
 * @property {() => void} onReset
 * @property {(chart: uPlot) => void} onCursor
 */

/**
 * @param {Wanted} wanted
 * @returns {uPlot.Options}
 */
export function optionsOf(wanted) {
  const { settings, layers } = wanted;
  return {
    width: wanted.width,
    height: wanted.height,
    legend: { show: false },
    scales: { x: scaleX(wanted), y: settings.logY ? { distr: LOGARITHMIC } : {} },
    axes: [axisX(settings), axisY(wanted.format, settings)],
    series: [{}, ...layers.layers.map((layer) => series(layer, wanted))],
    bands: bandsOf(wanted),
    cursor: {
      drag: { x: true, y: false, setScale: false },
      points: { size: 6 },
      bind: { dblclick: () => () => (wanted.onReset(), null) },
    },
    hooks: {
      setSelect: [(chart) => selected(chart, wanted)],
      setCursor: [wanted.onCursor],
      draw: [(chart) => drawMarks(chart, wanted)],
    },
  };
}

/**
 * @param {Wanted} wanted
 * @returns {uPlot.Scale}
 */
function scaleX({ settings, zoomed }) {
  /** @type {uPlot.Scale} */
  const scale = { time: settings.axis === "wallclock" };
  if (settings.logX && settings.axis !== "wallclock") scale.distr = LOGARITHMIC;
  if (zoomed) scale.range = [zoomed[0], zoomed[1]];
  return scale;
}

/** What both axes have. */
function axis() {
  return {
    font: FONT,
    stroke: () => custom("--chart-text", "#555555"),
    grid: { stroke: () => custom("--chart-grid", "#dddddd"), width: 1 },
    ticks: { stroke: () => custom("--chart-grid", "#dddddd"), width: 1, size: 4 },
  };
}

/**
 * @param {Settings} settings
 * @returns {uPlot.Axis}
 */
function axisX(settings) {
  if (settings.axis === "wallclock") return axis();
  const isTime = settings.axis === "relative";
  const format = isTime ? (/** @type {number} */ x) => (x === 0 ? "0" : duration(x)) : formatCount;
  return {
    ...axis(),
    ...(isTime && !settings.logX ? { incrs: SECONDS } : {}),
    size: 30,
    space: 80,
    values: (_, splits) => splits.map((x) => (x == null ? "" : format(x))),
  };
}

/**
 * @param {string} format
 * @param {Settings} settings
 * @returns {uPlot.Axis}
 */
function axisY(format, settings) {
  return {
    ...axis(),
    ...(format === "bytes" && !settings.logY ? { incrs: POWERS } : {}),
    values: (_, splits) => marks(splits, format),
    size: (_, values) => 14 + CHARACTER * Math.max(3, ...(values ?? []).map((text) => String(text).length)),
  };
}

/**
 * What stands at the places of an axis; a logarithmic one leaves some empty.
 * @param {(number | null)[]} splits
 * @param {string} format
 */
function marks(splits, format) {
  const texts = formatMarks(splits.filter((y) => y != null), format);
  return splits.map((y) => (y == null ? "" : texts.shift() ?? ""));
}

/**
 * @param {Layer} layer
 * @param {Wanted} wanted
 * @returns {uPlot.Series}
 */
function series({ curve, role }, { isShown, lookOf, layers }) {
  const look = lookOf(curve);
  const bare = layers.columns[0].length < 60;
  if (role === "low" || role === "high") {
    const stroke = () => translucent(colour(look), 0.35);
    return { show: isShown(curve), stroke, width: 1, points: { show: false } };
  }
  const stroke = () => (role === "raw" ? translucent(colour(look), 0.3) : colour(look));
  const points = { show: role === "line" && bare, size: 5, fill: () => colour(look) };
  return { show: isShown(curve), stroke, width: role === "raw" ? 1 : 1.5, dash: role === "raw" ? [] : dash(look), points };
}

/**
 * @param {Wanted} wanted
 * @returns {uPlot.Band[]}
 */
function bandsOf({ layers, lookOf }) {
  /** @type {uPlot.Band[]} */
  const bands = [];
  layers.layers.forEach(({ role, curve }, i) => {
    if (role === "high") bands.push({ series: [i + 1, i], fill: () => translucent(colour(lookOf(curve)), 0.18) });
  });
  return bands;
}

/**
 * @param {uPlot} chart
 * @param {Wanted} wanted
 */
function selected(chart, { onSelect }) {
  const { left, width } = chart.select;
  if (width < 3) return;
  chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  onSelect(chart.posToVal(left, "x"), chart.posToVal(left + width, "x"));
}

/**
 * NaN is a cross at the bottom, an infinity a triangle at the edge that it lies behind.
 * @param {uPlot} chart
 * @param {Wanted} wanted
 */
function drawMarks(chart, { layers, isShown, lookOf }) {
  const { ctx, bbox } = chart;
  const size = 4 * devicePixelRatio;
  ctx.save();
  ctx.lineWidth = 1.5 * devicePixelRatio;
  for (const mark of layers.marks) {
    const x = chart.valToPos(mark.x, "x", true);
    if (!isShown(mark.curve) || x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.strokeStyle = ctx.fillStyle = colour(lookOf(mark.curve));
    ctx.beginPath();
    if (mark.kind === "nan") {
      const y = bbox.top + bbox.height - size * 1.5;
      ctx.moveTo(x - size, y - size);
      ctx.lineTo(x + size, y + size);
      ctx.moveTo(x + size, y - size);
      ctx.lineTo(x - size, y + size);
      ctx.stroke();
    } else {
      const [edge, way] = mark.kind === "above" ? [bbox.top, 1] : [bbox.top + bbox.height, -1];
      ctx.moveTo(x, edge);
      ctx.lineTo(x - size, edge + way * size * 1.8);
      ctx.lineTo(x + size, edge + way * size * 1.8);
      ctx.fill();
    }
  }
  ctx.restore();
}
