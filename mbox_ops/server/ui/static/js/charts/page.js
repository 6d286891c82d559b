/** The charts of a page: made when they come into view, drawn as the form above them says, refreshed while a run goes on. */

import { Chart } from "./chart.js";
import { answerAtOnce } from "./curves.js";
import { follow } from "../following.js";

/** @typedef {import("./layers.js").Settings} Settings */
/** @typedef {import("./curves.js").Axis} Axis */

const AHEAD = "150px";
const PAPER = 680; // pixels that fit beside each other on it
const REDRAWN = new Set(["logx", "logy", "band", "smoothing", "x"]);

/** Bring the charts of the page to life. */
export function chartPage() {
  const form = /** @type {HTMLFormElement | null} */ (document.querySelector("form[data-charts]"));
  if (!form) return;
  /** @type {Map<Element, Chart>} */
  const charts = new Map();
  const observer = new IntersectionObserver(
    (entries) => entries.forEach(({ target, isIntersecting }) => isIntersecting && open(/** @type {HTMLElement} */ (target))),
    { rootMargin: AHEAD },
  );
  /** @param {HTMLElement} figure */
  function open(figure) {
    if (!form || charts.has(figure)) return;
    observer.unobserve(figure);
    const spec = JSON.parse(figure.dataset.chart ?? "{}");
    const chart = new Chart(figure, spec, settingsOf(form), (range) => keepZoom(spec.title, range));
    charts.set(figure, chart);
    const range = zoomOf(spec.title);
    chart.load().then(() => range && chart.zoom(range));
  }
  const figures = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("figure[data-chart]"));
  figures.forEach((figure) => observer.observe(figure));
  addEventListener("beforeprint", () => {
    charts.forEach((chart) => chart.isLoading && chart.load());
    figures.forEach(open);
    answerAtOnce(true);
    charts.forEach((chart) => chart.resize(PAPER));
  });
  addEventListener("afterprint", () => {
    answerAtOnce(false);
    charts.forEach((chart) => chart.resize());
  });
  form.addEventListener("input", (event) => {
    const control = /** @type {HTMLInputElement} */ (event.target);
    if (!REDRAWN.has(control.name)) return;
    keep(form);
    charts.forEach((chart) => chart.change(settingsOf(form)));
  });
  form.querySelector("select[name=together]")?.addEventListener("change", () => form.requestSubmit());
  if (form.dataset.live !== undefined) followPoints(charts);
}

/**
 * Ask for new points; none may come any more: the run may have ended.
 * @param {Map<Element, Chart>} charts
 */
function followPoints(charts) {
  let seen = 0;
  follow(async () => {
    const whole = [...charts.values()].filter((chart) => !chart.zoomed);
    await Promise.all(whole.map((chart) => chart.load()));
    const total = whole.reduce((sum, { curves }) => curves.reduce((all, curve) => all + curve.total, sum), 0);
    const changed = total !== seen;
    seen = total;
    return changed;
  });
}

/**
 * How the form says that curves are shown.
 * @param {HTMLFormElement} form
 * @returns {Settings}
 */
export function settingsOf(form) {
  const given = new FormData(form);
  return {
    axis: /** @type {Axis} */ (given.get("x") ?? "step"),
    logX: given.has("logx"),
    logY: given.has("logy"),
    band: given.has("band"),
    smoothing: Number(given.get("smoothing") ?? 0) / 100,
  };
}

/**
 * Put the state of the form into the address, so that it can be kept, sent and loaded again.
 * @param {HTMLFormElement} form
 */
export function keep(form) {
  const query = new URLSearchParams(location.search);
  for (const name of REDRAWN) query.delete(name);
  for (const [name, value] of new FormData(form)) {
    if (REDRAWN.has(name) && value !== "" && !(name === "smoothing" && value === "0")) query.set(name, String(value));
  }
  history.replaceState(null, "", `${location.pathname}?${query}`);
}

/**
 * The part of x that the address says is looked at: `zoom=<from>~<to>~<title of the chart>`.
 * @param {string} title
 * @returns {[number, number] | null}
 */
function zoomOf(title) {
  for (const text of new URLSearchParams(location.search).getAll("zoom")) {
    const [low, high, ...rest] = text.split("~");
    if (rest.join("~") === title && Number(low) < Number(high)) return [Number(low), Number(high)];
  }
  return null;
}

/**
 * Put the part of x that a chart shows into the address.
 * @param {string} title
 * @param {[number, number] | null} range
 */
function keepZoom(title, range) {
  const query = new URLSearchParams(location.search);
  const others = query.getAll("zoom").filter((text) => text.split("~").slice(2).join("~") !== title);
  query.delete("zoom");
  if (range) others.push(`${range[0]}~${range[1]}~${title}`);
  others.forEach((text) => query.append("zoom", text));
  history.replaceState(null, "", `${location.pathname}?${query}`);
}
