// The comparison of runs: its curves, and its drawings as pictures.

import { chartPage } from "./charts/page.js";
import { offerPictures } from "./charts/drawing.js";
import { brushAxes } from "./charts/brushing.js";

chartPage();
offerPictures();
brushAxes();
