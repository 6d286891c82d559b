/** A chart of curves in a figure: drawing, zoom, keyboard, legend, the table beside it, and the picture of it. */

import { fetchCurves, stepsBetween } from "./curves.js";
import { describe, Legend, lookOf } from "./legend.js";
import { layersOf } from "./layers.js";
import { optionsOf } from "./options.js";
import { onTheme } from "./palette.js";
import { savePicture } from "./picture.js";
import { plotter } from "./plotter.js";
import { Twin } from "./twin.js";

/** @typedef {import("./curves.js").Curve} Curve */
/** @typedef {import("./layers.js").Layers} Layers */
/** @typedef {import("./layers.js").Settings} Settings */
/**
 * A curve of a chart; `look` is the number of its colour and dashes, its place in the chart if not given.
 * @typedef {{run_id: string, name: string, label: string, look?: number}} Named
 */

/**
 * @typedef {object} Spec
 * @property {string} title
 * @property {string} format of y: a label's `format_string`
 * @property {Named[]} series
 */

const HEIGHT = 220;
const MOST_POINTS = 30_000;

export class Chart {
  /**
   * @param {HTMLElement} figure which gets the chart behind its caption
   * @param {Spec} spec
   * @param {Settings} settings
   * @param {(range: [number, number] | null) => void} onZoom
   */
  constructor(figure, spec, settings, onZoom) {
    this.onZoom = onZoom;
    this.figure = figure;
    this.spec = spec;
    this.settings = settings;
    /** @type {Curve[]} */
    this.curves = [];
    /** @type {Layers} */
    this.layers = { layers: [], columns: [[]], marks: [], hidden: 0 };
    /** @type {[number, number] | null} */
    this.zoomed = null;
    /** @type {uPlot | null} */
    this.plot = null;
    this.asked = 0;
    this.isLoading = false;
    this.most = Infinity; // pixels of width
    /** @type {Set<number>} */
    this.unseen = new Set();
    this.area = part("div", "plot");
    this.note = part("p", "chart-note");
    this.readout = part("p", "unseen");
    this.reset = button("Show all", () => this.zoom(null));
    this.legend = new Legend(spec, (curve, shown) => this.show(curve, shown));
    this.twin = new Twin(spec, () => this.curves);
    this.build();
  }

  /** Put the parts of the figure together. */
  build() {
    this.area.tabIndex = 0;
    this.area.setAttribute("role", "group");
    this.area.setAttribute("aria-roledescription", "chart");
    this.area.setAttribute(
      "aria-label",
      `${this.spec.title}: left and right read values, plus and minus zoom, 0 shows all`,
    );
    this.area.addEventListener("keydown", (event) => this.onKey(event));
    this.note.setAttribute("role", "status");
    this.readout.setAttribute("aria-live", "polite");
    this.reset.hidden = true;
    const picture = button("PNG", () => savePicture(this));
    picture.title = "Save this chart as a picture";
    const tools = part("div", "chart-tools");
    tools.append(this.reset, ...(plotter() ? [picture] : []));
    const caption = this.figure.querySelector("figcaption");
    caption?.append(tools);
    caption?.after(...(plotter() ? [this.area, this.legend.root] : []), this.note, this.readout);
    this.figure.append(this.twin.root);
    new ResizeObserver(() => this.resize(this.most)).observe(this.figure);
    onTheme(() => this.plot?.redraw(false));
  }

  /** Show other settings; the points are asked for again where they would be others. */
  async change(/** @type {Settings} */ settings) {
    const moved = settings.axis !== this.settings.axis;
    this.settings = settings;
    if (moved) await this.zoom(null);
    else this.draw();
  }

  /** Ask for the points, and draw them. */
  async load() {
    const asked = (this.asked += 1);
    this.isLoading = true;
    this.figure.setAttribute("aria-busy", "true");
    try {
      const curves = await fetchCurves(this.spec.series, this.wanted());
      if (asked !== this.asked) return; // something else was asked for meanwhile
      this.isLoading = false;
      this.curves = curves;
    } catch (error) {
      if (asked !== this.asked) return;
      this.isLoading = false;
      this.note.textContent = `The curves could not be read: ${error instanceof Error ? error.message : error}`;
      this.figure.setAttribute("aria-busy", "false");
      return;
    }
    const began = performance.now();
    this.draw();
    await new Promise((resolve) => requestAnimationFrame(resolve));
    performance.measure("mbox-chart", { start: began, end: performance.now() });
    this.figure.setAttribute("aria-busy", "false");
  }

  /** What to ask for: about as many points as can be told apart, of the part that is looked at. */
  wanted() {
    const { axis } = this.settings;
    const width = Math.ceil(Math.max(300, this.figure.clientWidth) / 100) * 100;
    const most = Math.max(100, Math.min(4000, width * 1.5, Math.floor(MOST_POINTS / this.spec.series.length)));
    const range = this.zoomed ? stepsBetween(this.curves, axis, ...this.zoomed) : null;
    return { axis, most, range };
  }

  /**
   * Look at a part of x, in more detail; null: at all of it.
   * @param {[number, number] | null} range
   */
  async zoom(range) {
    this.zoomed = range;
    this.onZoom(range);
    this.reset.hidden = range === null;
    if (range) this.draw();
    await this.load();
  }

  /** Draw what is there. */
  draw() {
    const Plot = plotter();
    this.layers = layersOf(this.curves, this.settings);
    this.note.textContent = describe(this.curves, this.layers);
    this.twin.refresh();
    if (!Plot) return;
    const left = this.plot?.cursor.left;
    this.plot?.destroy();
    const options = optionsOf({
      width: Math.min(this.area.clientWidth || 300, this.most),
      height: HEIGHT,
      format: this.spec.format,
      settings: this.settings,
      layers: this.layers,
      lookOf: (curve) => lookOf(this.spec, curve),
      isShown: (curve) => !this.unseen.has(curve),
      zoomed: this.zoomed,
      onSelect: (low, high) => this.zoom([low, high]),
      onReset: () => this.zoom(null),
      onCursor: (plot) => this.legend.follow(plot, this.layers, this.settings),
    });
    this.plot = new Plot(options, /** @type {uPlot.AlignedData} */ (this.layers.columns), this.area);
    if (left !== undefined && left >= 0) this.plot.setCursor({ left, top: HEIGHT / 2 });
  }

  /**
   * @param {number} curve
   * @param {boolean} shown
   */
  show(curve, shown) {
    if (shown) this.unseen.delete(curve);
    else this.unseen.add(curve);
    this.draw();
  }

  /**
   * Fill the figure.
   * @param {number} [most] pixels
   */
  resize(most = Infinity) {
    this.most = most;
    const width = Math.min(this.area.clientWidth, most);
    if (this.plot && width && width !== this.plot.width) this.plot.setSize({ width, height: HEIGHT });
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    const plot = this.plot;
    if (!plot || event.ctrlKey || event.metaKey || event.altKey) return;
    const xs = /** @type {number[]} */ (plot.data[0]);
    const { min, max } = plot.scales.x;
    if (min == null || max == null) return;
    const first = xs.findIndex((x) => x >= min);
    const last = xs.findLastIndex((x) => x <= max);
    if (first < 0 || last < first) return;
    const at = plot.cursor.idx ?? -1;
    const inside = at >= first && at <= last;
    const middle = inside ? xs[at] : (min + max) / 2;
    const moves = /** @type {Record<string, number>} */ ({
      ArrowLeft: inside ? Math.max(first, at - 1) : last,
      ArrowRight: inside ? Math.min(last, at + 1) : first,
      Home: first,
      End: last,
    });
    const factor = { "+": 0.5, "=": 0.5, "-": 2 }[event.key];
    if (event.key in moves) this.read(moves[event.key]);
    else if (factor) this.zoom([middle - (middle - min) * factor, middle + (max - middle) * factor]);
    else if (event.key === "0" || event.key === "Escape") this.zoom(null);
    else return;
    event.preventDefault();
  }

  /**
   * Put the cursor on a point, and say what is there.
   * @param {number} index
   */
  read(index) {
    if (!this.plot) return;
    this.plot.setCursor({ left: this.plot.valToPos(this.plot.data[0][index], "x"), top: HEIGHT / 2 });
    this.readout.textContent = this.legend.spoken();
  }
}

/**
 * @param {string} name
 * @param {string} kind
 */
function part(name, kind) {
  const made = document.createElement(name);
  made.className = kind;
  return made;
}

/**
 * @param {string} text
 * @param {() => void} onClick
 */
function button(text, onClick) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.addEventListener("click", onClick);
  return made;
}
