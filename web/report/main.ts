/** A report's script: the theme's switch, the charts, the table of trials, and buttons that copy commands. */
import { startCharts } from "./charts.js";
import { startCopying } from "./copying.js";
import { readPageData } from "./page-data.js";
import { startTheme } from "./theme.js";
import { startTrialTable } from "./trial-table.js";

const { plots, trials } = readPageData();
startTheme(document.getElementById("theme"));
startCopying();
const place = document.getElementById("trial-table");
if (place) startTrialTable(place, trials);
startCharts(plots);
document.documentElement.dataset["ready"] = "";
