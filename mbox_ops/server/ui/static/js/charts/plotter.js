/** uPlot, where `make assets` has fetched it. */

/**
 * @returns {typeof uPlot | undefined} undefined: curves are shown as tables
 */
export function plotter() {
  return /** @type {{uPlot?: typeof uPlot}} */ (globalThis).uPlot;
}
