/** Drawings that came with the page, as pictures to keep. */

import { custom } from "./palette.js";
import { fileName, saveBlob } from "./picture.js";

const KEPT = [
  "fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "font-family", "font-size", "font-weight",
  "text-anchor", "paint-order", "color",
];
const LARGER = 2;

/** Give every drawing of the page a button that saves it. */
export function offerPictures() {
  document.querySelectorAll("figure[data-picture]").forEach((figure) => {
    const drawing = figure.querySelector("svg.drawing");
    if (!(drawing instanceof SVGSVGElement) || !(figure instanceof HTMLElement)) return;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "PNG";
    button.title = "Save this drawing as a picture";
    button.addEventListener("click", () => save(drawing, figure.dataset.picture ?? "drawing"));
    const tools = document.createElement("div");
    tools.className = "chart-tools";
    tools.append(button);
    figure.querySelector("figcaption")?.append(tools);
  });
}

/**
 * @param {SVGSVGElement} drawing
 * @param {string} title
 */
async function save(drawing, title) {
  const { width, height } = drawing.getBoundingClientRect();
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(standalone(drawing, width, height))}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = width * LARGER;
  canvas.height = height * LARGER;
  const ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  ctx.fillStyle = custom("--chart-paper", "#ffffff");
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  ctx.drawImage(image, 0, 0, canvas.width, canvas.height);
  canvas.toBlob((blob) => blob && saveBlob(blob, `${fileName(title)}.png`), "image/png");
}

/**
 * The drawing's text with all that the page's stylesheet says of it written into it.
 * @param {SVGSVGElement} drawing
 * @param {number} width
 * @param {number} height
 */
function standalone(drawing, width, height) {
  const copy = /** @type {SVGSVGElement} */ (drawing.cloneNode(true));
  const copies = copy.querySelectorAll("*");
  drawing.querySelectorAll("*").forEach((element, i) => {
    const style = getComputedStyle(element);
    for (const name of KEPT) copies[i].setAttribute(name, style.getPropertyValue(name));
    copies[i].removeAttribute("class");
    copies[i].removeAttribute("href");
  });
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", String(width));
  copy.setAttribute("height", String(height));
  return new XMLSerializer().serializeToString(copy);
}
