/** Parallel axes on which ranges can be chosen: the lines outside them step back, and the runs left can be compared. */

import { Axis } from "./axes.js";

const SHORTEST = 3;

/** Let ranges be chosen on the axes of the page's drawing; those of the address are. */
export function brushAxes() {
  const drawing = document.querySelector("svg.across");
  const note = document.querySelector("[data-brushed]");
  const place = document.querySelector("[data-ranges]");
  if (!(drawing instanceof SVGSVGElement) || !(note instanceof HTMLElement) || !(place instanceof HTMLElement)) return;
  const lines = [...drawing.querySelectorAll(".run-line")].map((line) => ({ line, at: heights(line) }));
  const rows = [...(drawing.closest("figure")?.querySelectorAll("tbody tr") ?? [])];
  const show = () => {
    const left = lines.filter(({ line, at }, number) => {
      const inside = axes.every((axis) => axis.holds(at.get(axis.x)));
      line.classList.toggle("out", !inside);
      rows[number]?.toggleAttribute("hidden", !inside);
      return inside;
    });
    tell(note, axes.some(({ range }) => range) ? left.map(({ line }) => line.getAttribute("data-run") ?? "") : null);
  };
  const changed = () => {
    keep(axes);
    show();
  };
  const axes = [...drawing.querySelectorAll("g.coordinate")].map((group) => new Axis(/** @type {SVGGElement} */ (group), changed));
  for (const axis of axes) {
    axis.set(rangeOf(axis.name));
    axis.grip.addEventListener("pointerdown", (event) => start(event, drawing, axis));
    place.append(axis.controls());
  }
  place.closest("details")?.removeAttribute("hidden");
  show();
}

/**
 * @param {PointerEvent} event
 * @param {SVGSVGElement} drawing
 * @param {Axis} axis
 */
function start(event, drawing, axis) {
  event.preventDefault();
  const from = heightOf(event, drawing);
  axis.set(null);
  axis.grip.setPointerCapture(event.pointerId);
  /** @param {PointerEvent} moved */
  const move = (moved) => {
    const to = heightOf(moved, drawing);
    const places = [from, to].map((height) => Math.round(Math.min(100, Math.max(0, axis.placeOf(height)))));
    if (Math.abs(to - from) >= SHORTEST) axis.set({ low: Math.min(...places), high: Math.max(...places) });
    axis.changed();
  };
  const end = () => {
    axis.grip.removeEventListener("pointermove", move);
    axis.changed();
  };
  axis.grip.addEventListener("pointermove", move);
  axis.grip.addEventListener("pointerup", end, { once: true });
}

/**
 * Where a line crosses each axis: its y by their x.
 * @param {Element} line
 * @returns {Map<number, number>}
 */
function heights(line) {
  /** @type {Map<number, number>} */
  const found = new Map();
  line.querySelectorAll("polyline").forEach((stretch) => {
    for (const point of (stretch.getAttribute("points") ?? "").split(" ")) {
      const [x, y] = point.split(",").map(Number);
      found.set(x, y);
    }
  });
  return found;
}

/**
 * @param {PointerEvent} event
 * @param {SVGSVGElement} drawing
 */
function heightOf(event, drawing) {
  const box = drawing.getBoundingClientRect();
  return ((event.clientY - box.top) / box.height) * drawing.viewBox.baseVal.height;
}

/**
 * The range that the address says is chosen: `range=<from>~<to>~<name of the axis>`, in hundredths of the axis.
 * @param {string} name
 * @returns {import("./axes.js").Range | null}
 */
function rangeOf(name) {
  for (const text of new URLSearchParams(location.search).getAll("range")) {
    const [low, high, ...rest] = text.split("~");
    if (rest.join("~") === name && Number(low) >= 0 && Number(low) <= Number(high) && Number(high) <= 100) {
      return { low: Number(low), high: Number(high) };
    }
  }
  return null;
}

/**
 * Put the ranges into the address.
 * @param {Axis[]} axes
 */
function keep(axes) {
  const query = new URLSearchParams(location.search);
  query.delete("range");
  for (const { name, range } of axes) if (range) query.append("range", `${range.low}~${range.high}~${name}`);
  history.replaceState(null, "", `${location.pathname}?${query}`);
}

/**
 * Say how many runs are left, with a link to the comparison of those.
 * @param {HTMLElement} note
 * @param {string[] | null} runs
 */
function tell(note, runs) {
  if (!runs) {
    note.textContent = "Draw a range on an axis, or set one below, to see only the runs that go through it; click the axis to take it off.";
    return;
  }
  const query = new URLSearchParams(location.search);
  query.delete("run");
  query.delete("range");
  runs.forEach((run) => query.append("run", run));
  const link = document.createElement("a");
  link.href = `${location.pathname}?${query}`;
  link.textContent = "Compare only these";
  note.replaceChildren(`${runs.length} ${runs.length === 1 ? "run goes" : "runs go"} through. `, ...(runs.length ? [link] : []));
}
