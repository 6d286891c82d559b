// A page of charts: each is loaded when it comes into view, and all follow the controls above them.

import { chartPage } from "./charts/page.js";

chartPage();
