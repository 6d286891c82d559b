/** A chart as a picture: its title, the drawing and the legend, in the colours of the present theme. */

import { colour, custom, dash } from "./palette.js";

const MARGIN = 12;
const LINE = 18;
const FONT = "system-ui, sans-serif";

/** @param {import("./chart.js").Chart} chart */
export function savePicture(chart) {
  if (!chart.plot) return;
  const canvas = pictureOf(chart.plot, chart.spec);
  canvas.toBlob((blob) => blob && saveBlob(blob, `${fileName(chart.spec.title)}.png`), "image/png");
}

/**
 * Give a file to the reader.
 * @param {Blob} blob
 * @param {string} name
 */
export function saveBlob(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/**
 * A name that every system takes.
 * @param {string} title
 * @returns {string}
 */
export function fileName(title) {
  return title.replace(/[^\p{L}\p{N}._-]+/gu, "-").slice(0, 80) || "chart";
}

/**
 * @param {uPlot} plot
 * @param {import("./chart.js").Spec} spec
 * @returns {HTMLCanvasElement}
 */
function pictureOf(plot, spec) {
  const ratio = devicePixelRatio;
  const drawn = plot.ctx.canvas;
  const legend = spec.series.length > 1 ? spec.series.map((one, place) => ({ look: place, ...one })) : [];
  const canvas = document.createElement("canvas");
  canvas.width = drawn.width + 2 * MARGIN * ratio;
  canvas.height = drawn.height + (2 * MARGIN + LINE * (legend.length + 1.5)) * ratio;
  const ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  ctx.fillStyle = custom("--chart-paper", "#ffffff");
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  ctx.drawImage(drawn, MARGIN * ratio, (MARGIN + LINE * 1.5) * ratio);
  ctx.scale(ratio, ratio);
  ctx.fillStyle = custom("--chart-ink", "#111111");
  ctx.font = `600 14px ${FONT}`;
  ctx.fillText(spec.title, MARGIN, MARGIN + LINE - 4);
  ctx.font = `12px ${FONT}`;
  legend.forEach(({ label, look = 0 }, index) => {
    const y = drawn.height / ratio + MARGIN + LINE * (index + 2);
    ctx.setLineDash(dash(look));
    ctx.strokeStyle = colour(look);
    ctx.lineWidth = 2;
    ctx.beginPath();
    ctx.moveTo(MARGIN, y);
    ctx.lineTo(MARGIN + 30, y);
    ctx.stroke();
    ctx.fillText(label, MARGIN + 38, y + 4);
  });
  return canvas;
}
