/** How curves are told apart: by colour and by dashes, so that neither has to do it alone. */

const COLOURS = 8;
const probe = document.createElement("span"); // nobody sees it; the browser says what a colour comes to on it
probe.hidden = true;
/** @type {number[][]} */
const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3], [5, 2, 1, 2, 1, 2]];

/**
 * The colour of a curve in the present theme (`--curve-1` to `--curve-8` of run.css).
 * @param {number} index
 * @returns {string}
 */
export function colour(index) {
  return custom(`--curve-${(index % COLOURS) + 1}`, "#2563eb");
}

/**
 * @param {number} index
 * @returns {number[]}
 */
export function dash(index) {
  return DASHES[index % DASHES.length];
}

/**
 * A colour of the page by its custom property, as it is in the present theme: `rgb(...)`.
 * @param {string} name
 * @param {string} otherwise
 * @returns {string}
 */
export function custom(name, otherwise) {
  if (!probe.isConnected) document.body.append(probe);
  probe.style.color = `var(${name}, ${otherwise})`;
  return getComputedStyle(probe).color;
}

/**
 * A colour that lets through what is behind it.
 * @param {string} text `rgb(...)`
 * @param {number} opacity 0 to 1
 * @returns {string}
 */
export function translucent(text, opacity) {
  return text.replace(")", `, ${opacity})`);
}

/**
 * A short line as a curve is drawn, for legends.
 * @param {number} index
 * @returns {SVGElement}
 */
export function swatch(index) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 8");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", `swatch curve-${(index % COLOURS) + 1}`);
  const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
  for (const [name, value] of Object.entries({ x1: "0", x2: "24", y1: "4", y2: "4" })) line.setAttribute(name, value);
  line.setAttribute("stroke-dasharray", dash(index).map((length) => length * 0.8).join(" ") || "none");
  svg.append(line);
  return svg;
}

/**
 * Call when the theme has changed: by the page's switch or by the system's, or to that of paper.
 * @param {() => void} listener
 */
export function onTheme(listener) {
  new MutationObserver(listener).observe(document.documentElement, { attributes: true });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", listener);
  matchMedia("print").addEventListener("change", listener);
}
