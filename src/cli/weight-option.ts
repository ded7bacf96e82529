/** `--weight`: a run's share of a service's places. */
import { Option } from "commander";
import { UsageError } from "../core/index.js";

/** The weights that a service takes. */
const LEAST = 0.001;
const MOST = 1000;

/** The option of commands that start or change a run. @param when precedes what help says of it */
export function weightOption(when = ""): Option {
  const description = `${when}share of the service's places, against its other runs (default of a new run: 1)`;
  return new Option("--weight <w>", description).argParser(weight);
}

/** @throws UsageError `invalid-option`. */
function weight(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= LEAST && value <= MOST) return value;
  throw new UsageError("invalid-option", `--weight ${text}: expected a number from ${LEAST} to ${MOST}`);
}
