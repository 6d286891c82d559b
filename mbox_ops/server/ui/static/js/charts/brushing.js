/** Parallel axes on which a range can be drawn: the lines outside it step back, and the runs left can be compared. */

const SVG = "http://www.w3.org/2000/svg";
const REACH = 9;
const SHORTEST = 3;

/** @typedef {{low: number, high: number, mark: SVGElement}} Brush */

/** Let ranges be drawn on the axes of the page's drawing. */
export function brushAxes() {
  const drawing = document.querySelector("svg.across");
  const note = document.querySelector("[data-brushed]");
  if (!(drawing instanceof SVGSVGElement) || !(note instanceof HTMLElement)) return;
  /** @type {Map<number, Brush>} */
  const brushes = new Map();
  const lines = [...drawing.querySelectorAll(".run-line")].map((line) => ({ line, at: heights(line) }));
  const show = () => {
    const left = lines.filter(({ line, at }) => {
      const inside = [...brushes].every(([x, { low, high }]) => (at.get(x) ?? -1) >= low && (at.get(x) ?? -1) <= high);
      line.classList.toggle("out", !inside);
      return inside;
    });
    tell(note, brushes.size ? left.map(({ line }) => line.getAttribute("data-run") ?? "") : null);
  };
  drawing.querySelectorAll("line.axis").forEach((axis) => {
    const x = Number(axis.getAttribute("x1"));
    const grip = shape("grip", x - REACH, 0, 2 * REACH, 250);
    drawing.append(grip);
    grip.addEventListener("pointerdown", (event) => start(/** @type {PointerEvent} */ (event), drawing, grip, x, brushes, show));
  });
  note.textContent = "Draw a range on an axis to see only the runs that go through it; click the axis to take it off.";
}

/**
 * @param {PointerEvent} event
 * @param {SVGSVGElement} drawing
 * @param {SVGElement} grip
 * @param {number} x
 * @param {Map<number, Brush>} brushes
 * @param {() => void} show
 */
function start(event, drawing, grip, x, brushes, show) {
  event.preventDefault();
  const from = heightOf(event, drawing);
  brushes.get(x)?.mark.remove();
  brushes.delete(x);
  const mark = shape("brush", x - REACH, from, 2 * REACH, 0);
  drawing.insertBefore(mark, grip);
  grip.setPointerCapture(event.pointerId);
  /** @param {PointerEvent} moved */
  const move = (moved) => {
    const to = heightOf(moved, drawing);
    mark.setAttribute("y", String(Math.min(from, to)));
    mark.setAttribute("height", String(Math.abs(to - from)));
    if (Math.abs(to - from) >= SHORTEST) brushes.set(x, { low: Math.min(from, to), high: Math.max(from, to), mark });
    show();
  };
  const end = () => {
    grip.removeEventListener("pointermove", /** @type {EventListener} */ (move));
    if (!brushes.has(x)) mark.remove();
    show();
  };
  grip.addEventListener("pointermove", /** @type {EventListener} */ (move));
  grip.addEventListener("pointerup", end, { once: true });
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
 * @param {string} kind
 * @param {number} x
 * @param {number} y
 * @param {number} width
 * @param {number} height
 */
function shape(kind, x, y, width, height) {
  const made = document.createElementNS(SVG, "rect");
  made.setAttribute("class", kind);
  for (const [name, value] of Object.entries({ x, y, width, height })) made.setAttribute(name, String(value));
  return made;
}

/**
 * Say how many runs are left, with a link to the comparison of those.
 * @param {HTMLElement} note
 * @param {string[] | null} runs
 */
function tell(note, runs) {
  if (!runs) {
    note.textContent = "";
    return;
  }
  const query = new URLSearchParams(location.search);
  query.delete("run");
  runs.forEach((run) => query.append("run", run));
  const link = document.createElement("a");
  link.href = `${location.pathname}?${query}`;
  link.textContent = "Compare only these";
  note.replaceChildren(`${runs.length} ${runs.length === 1 ? "run goes" : "runs go"} through. `, ...(runs.length ? [link] : []));
}
