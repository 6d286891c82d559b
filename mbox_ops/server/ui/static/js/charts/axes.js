/** One of the parallel axes, and the range that is chosen on it: drawn with a pointer, or set with two sliders. */

import { formatNumber } from "./formats.js";

/** @typedef {{low: number, high: number}} Range in hundredths of the axis, from its lower end */

const SVG = "http://www.w3.org/2000/svg";
const REACH = 9;
const WHOLE = 100;

export class Axis {
  /**
   * @param {SVGGElement} group the axis with its marks, as the page brings it
   * @param {() => void} changed
   */
  constructor(group, changed) {
    const line = /** @type {SVGLineElement} */ (group.querySelector("line.axis"));
    this.group = group;
    this.changed = changed;
    this.name = group.dataset.axis ?? "";
    this.x = line.x1.baseVal.value;
    this.top = line.y1.baseVal.value;
    this.bottom = line.y2.baseVal.value;
    this.ends = (group.dataset.ends ?? "").split(" ").filter(Boolean).map(Number);
    /** @type {Range | null} */
    this.range = null;
    this.mark = this.shape("brush", this.top, 0);
    this.grip = this.shape("grip", 0, this.bottom + this.top);
    this.low = slider(`Lower end of ${this.name}`, 0, () => this.slid(this.low));
    this.high = slider(`Upper end of ${this.name}`, WHOLE, () => this.slid(this.high));
    this.said = document.createElement("output");
    this.set(null);
  }

  /** The sliders, under the axis' name. */
  controls() {
    const [set, legend, name] = ["fieldset", "legend", "bdi"].map((kind) => document.createElement(kind));
    name.textContent = name.title = this.name;
    name.className = "cut";
    legend.append(name);
    set.append(legend, this.low, this.high, this.said);
    return set;
  }

  /**
   * Choose a range; the whole axis is none.
   * @param {Range | null} range
   */
  set(range) {
    this.range = range && (range.low > 0 || range.high < WHOLE) ? range : null;
    const { low, high } = this.range ?? { low: 0, high: WHOLE };
    this.mark.setAttribute("y", String(this.heightOf(high)));
    this.mark.setAttribute("height", String(this.range ? this.heightOf(low) - this.heightOf(high) : 0));
    for (const [input, at] of /** @type {[HTMLInputElement, number][]} */ ([[this.low, low], [this.high, high]])) {
      input.value = String(Math.round(at));
      input.setAttribute("aria-valuetext", this.told(at));
    }
    this.said.textContent = this.range ? `${this.told(low)} to ${this.told(high)}` : "all";
  }

  /**
   * Whether the range, if there is one, holds a height of the drawing; undefined is nowhere on the axis.
   * @param {number | undefined} height
   */
  holds(height) {
    if (!this.range) return true;
    if (height === undefined) return false;
    const at = this.placeOf(height);
    return at >= this.range.low - 0.5 && at <= this.range.high + 0.5;
  }

  /** @param {number} height */
  placeOf(height) {
    return (WHOLE * (this.bottom - height)) / (this.bottom - this.top);
  }

  /** @param {number} place */
  heightOf(place) {
    return this.bottom - (place / WHOLE) * (this.bottom - this.top);
  }

  /**
   * What lies at a place: a number, or the word that is nearest.
   * @param {number} place
   */
  told(place) {
    const [low, high] = this.ends;
    if (high !== undefined) return formatNumber(low + ((high - low) * place) / WHOLE);
    const away = (/** @type {Element} */ tick) => Math.abs(Number(tick.getAttribute("data-at")) - this.heightOf(place));
    const [nearest] = [...this.group.querySelectorAll("[data-at]")].sort((one, other) => away(one) - away(other));
    return nearest?.textContent ?? `${Math.round(place)} %`;
  }

  /**
   * A slider was moved; it takes the other one along where it would pass it.
   * @param {HTMLInputElement} moved
   */
  slid(moved) {
    const at = Number(moved.value);
    const [low, high] = [Number(this.low.value), Number(this.high.value)];
    this.set(moved === this.low ? { low: at, high: Math.max(at, high) } : { low: Math.min(at, low), high: at });
    this.changed();
  }

  /**
   * @param {string} kind
   * @param {number} y
   * @param {number} height
   */
  shape(kind, y, height) {
    const made = document.createElementNS(SVG, "rect");
    made.setAttribute("class", kind);
    const sizes = { x: this.x - REACH, y, width: 2 * REACH, height };
    for (const [name, value] of Object.entries(sizes)) made.setAttribute(name, String(value));
    this.group.append(made);
    return made;
  }
}

/**
 * @param {string} label
 * @param {number} value
 * @param {() => void} onInput
 */
function slider(label, value, onInput) {
  const made = document.createElement("input");
  made.type = "range";
  made.max = String(WHOLE);
  made.value = String(value);
  made.setAttribute("aria-label", label);
  made.addEventListener("input", onInput);
  return made;
}
