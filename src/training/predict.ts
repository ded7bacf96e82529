/** The predictions of one checkpoint, or of several together, on a part of a dataset or on other cells. */
import type { KnownKeys, SplitName } from "../core/index.js";
import { UsageError, defined, requireKnownKeys } from "../core/index.js";
import { endOfLifeCycles } from "../datasets/index.js";
import type { CheckpointOptions, OpenedCheckpoint } from "./checkpoint-data.js";
import { BATCH, asksForPart, checkpointKeys, noWindows, openCheckpoint, openMember } from "./checkpoint-data.js";
import { readCheckpointConfig } from "./checkpoint.js";
import type { PredictionMember } from "./prediction-passes.js";
import { Prediction } from "./prediction.js";

/** What is predicted. */
export interface PredictOptions extends CheckpointOptions {
  /** Also each cell's newest window, whose path lies ahead of the data. @default false */
  readonly forecast?: boolean;
  /** Windows that are predicted at a time: what is alive beside the data. Results do not depend on it. @default 256 */
  readonly batchSize?: number;
}

const predictKeys: KnownKeys<PredictOptions> = { ...checkpointKeys, forecast: true, batchSize: true };

/** The windows of a part, and each cell's newest one where a forecast is asked for. */
export interface ChosenWindows {
  readonly part: SplitName;
  /** Null: of all cells. */
  readonly newestOf: SplitName | null;
  readonly forecast: boolean;
}

/** A checkpoint that is open becomes what passes are made over; its own model is not needed for that. */
function memberOf(
  { model, create, data }: OpenedCheckpoint,
  { part, newestOf, forecast }: ChosenWindows,
): PredictionMember {
  model.dispose();
  return { model: create, known: data.known(part), newest: forecast ? data.newest(newestOf) : null };
}

/** The longest window of several checkpoints: they are compared on the targets that exist for it. */
async function longestWindow(paths: readonly string[]): Promise<number> {
  let longest = 0;
  for (const path of paths) {
    const { params, alignWindow = 0 } = await readCheckpointConfig(path);
    longest = Math.max(longest, Number(params?.["data.window"] ?? 0), alignWindow);
  }
  return longest;
}

function requireWindows(
  { known, newest }: PredictionMember,
  { data, whole }: OpenedCheckpoint,
  { part, forecast }: ChosenWindows,
): void {
  if (known.windows > 0 || (newest?.windows ?? 0) > 0) return;
  if (!forecast) throw noWindows(data, whole ? null : part);
  const { window } = data.metadata;
  throw new UsageError(
    "no-windows",
    `no cell has the ${window} cycles that a window takes: there is nothing to forecast`,
  );
}

/**
 * Opens a checkpoint, or several on the windows that exist for all of them.
 * @throws UsageError `invalid-checkpoint`, `dataset-mismatch`, `no-windows`
 */
export async function openTogether(
  paths: readonly string[],
  options: CheckpointOptions,
  { strangersWhole, ...chosen }: ChosenWindows & { readonly strangersWhole: boolean },
): Promise<{ readonly opened: OpenedCheckpoint; readonly members: readonly PredictionMember[] }> {
  const [first] = paths;
  if (first === undefined) throw new UsageError("invalid-checkpoint", "a checkpoint is needed, none is given");
  const alignWindow = paths.length > 1 ? await longestWindow(paths) : undefined;
  const opened = await openCheckpoint(first, options, { strangersWhole, ...defined({ alignWindow }) });
  const member = memberOf(opened, chosen);
  requireWindows(member, opened, chosen);
  const members = [member];
  for (const other of paths.slice(1)) members.push(memberOf(await openMember(other, opened), chosen));
  return { opened, members };
}

/**
 * Predicts a part of a checkpoint's dataset, or of another one. Columns and normalisation are those of the training.
 * Where no part is asked for, by name or by parameters of the split, and the data hold cells that the model was not
 * trained with, every window of theirs is predicted; else the validation part. What comes back predicts as it is read.
 * @param path a checkpoint, or several of one horizon: their mean, with the 5 and 95 % quantiles over them
 * @throws UsageError `invalid-checkpoint`, `dataset-mismatch`, `no-windows`, `unknown-option`
 * @example
 * await predictCheckpoint("best.safetensors", { dataset: "csv", params: { "data.path": "new.csv" } });
 */
export async function predictCheckpoint(
  path: string | readonly string[],
  options: PredictOptions = {},
): Promise<Prediction> {
  requireKnownKeys("predictCheckpoint", options, predictKeys);
  const chosen: ChosenWindows = {
    part: options.split ?? "val",
    newestOf: asksForPart(options) ? (options.split ?? "val") : null,
    forecast: options.forecast ?? false,
  };
  const { opened, members } = await openTogether([path].flat(), options, { ...chosen, strangersWhole: true });
  const { data } = opened;
  const { name, horizon, eol, warnings } = data.metadata;
  return new Prediction({
    cells: data.tables.cells,
    ends: endOfLifeCycles(data.tables, eol),
    ...{ eol, horizon, warnings, members, batchSize: options.batchSize ?? BATCH },
    ...{ dataset: name, part: opened.whole ? null : chosen.part },
  });
}
