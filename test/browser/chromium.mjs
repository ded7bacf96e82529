// A headless Chromium of the system's, for pages that are looked at as a reader would.
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const candidates = [
  process.env.MLBENCH_CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].filter((path) => path !== undefined);

/** Starts it; null, with the reason printed, where there is none. */
export async function startChromium() {
  const executablePath = candidates.find((path) => existsSync(path));
  if (executablePath === undefined) {
    console.log("no chromium here (MLBENCH_CHROMIUM names one)");
    return null;
  }
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
}
