/** Starts the dashboard. */
import { render } from "preact";
import { App, preparePage } from "./app.js";
import { startLive } from "./live/live.js";
import { pageOf, path } from "./router.js";
import { session, startSession } from "./session.js";
import { openStudy, releaseStudy } from "./store/study-store.js";
import { startTheme } from "./theme.js";

startTheme();
const first = pageOf(path.peek());
void startSession();
preparePage(first);
void startLive();
// A study's trials come while the page's script does.
session.subscribe((state) => {
  if (state !== "in" || !("study" in first)) return;
  openStudy(first.study);
  releaseStudy(first.study);
});
const root = document.getElementById("app");
if (root) render(<App />, root);
