/** Starts the dashboard. */
import { render } from "preact";
import { App } from "./app.js";
import { startLive } from "./live/live.js";
import { startSession } from "./session.js";
import { startTheme } from "./theme.js";

startTheme();
void startSession();
void startLive();
const root = document.getElementById("app");
if (root) render(<App />, root);
