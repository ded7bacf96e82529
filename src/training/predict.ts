/** The predictions of one checkpoint, or of several together, on a part of a dataset or on other cells. */
import type { Batch, KnownKeys, SplitName } from "../core/index.js";
import { UsageError, defined, requireKnownKeys } from "../core/index.js";
import { endOfLifeCycles } from "../datasets/index.js";
import type { CheckpointOptions, OpenedCheckpoint } from "./checkpoint-data.js";
import { asksForPart, batchesOf, checkpointKeys, noWindows, openCheckpoint, openMember } from "./checkpoint-data.js";
import { readCheckpointConfig } from "./checkpoint.js";
import { predictPaths } from "./predict-paths.js";
import { Prediction } from "./prediction.js";

/** What is predicted. */
export interface PredictOptions extends CheckpointOptions {
  /** Also each cell's newest window, whose path lies ahead of the data. @default false */
  readonly forecast?: boolean;
}

const predictKeys: KnownKeys<PredictOptions> = { ...checkpointKeys, forecast: true };

/** The windows of a part, and each cell's newest one where a forecast is asked for. */
interface Chosen {
  readonly part: SplitName;
  /** Null: of all cells. */
  readonly newestOf: SplitName | null;
  readonly forecast: boolean;
}

/** One checkpoint's paths: known windows first, then newest ones. */
interface Predicted {
  readonly known: Batch;
  readonly newest: Batch | null;
  /** [N,H] */
  readonly soh: Float32Array;
}

function pathsOf({ model, data }: OpenedCheckpoint, { part, newestOf, forecast }: Chosen): Predicted {
  const known = data.known(part);
  const newest = forecast ? data.newest(newestOf) : null;
  const paths = [known, ...(newest ? [newest] : [])].map((split) => predictPaths(model, batchesOf(split)));
  const soh = new Float32Array(paths.reduce((n, path) => n + path.length, 0));
  let at = 0;
  for (const path of paths) {
    soh.set(path, at);
    at += path.length;
  }
  return { known: known.all(), newest: newest?.all() ?? null, soh };
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

function requireRows({ known, newest }: Predicted, { data, whole }: OpenedCheckpoint, chosen: Chosen): void {
  const { part, forecast } = chosen;
  if (known.size > 0 || (newest?.size ?? 0) > 0) return;
  if (!forecast) throw noWindows(data, whole ? null : part);
  const { window } = data.metadata;
  throw new UsageError(
    "no-windows",
    `no cell has the ${window} cycles that a window takes: there is nothing to forecast`,
  );
}

/**
 * Predicts a part of a checkpoint's dataset, or of another one. Columns and normalisation are those of the training.
 * Where no part is asked for, by name or by parameters of the split, and the data hold cells that the model was not
 * trained with, every window of theirs is predicted; else the validation part.
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
  const paths = [path].flat();
  const [first] = paths;
  if (first === undefined) throw new UsageError("invalid-checkpoint", "predict needs a checkpoint, none is given");
  const alignWindow = paths.length > 1 ? await longestWindow(paths) : undefined;
  const opened = await openCheckpoint(first, options, { strangersWhole: true, ...defined({ alignWindow }) });
  const { data } = opened;
  const chosen: Chosen = {
    part: options.split ?? "val",
    newestOf: asksForPart(options) ? (options.split ?? "val") : null,
    forecast: options.forecast ?? false,
  };
  const members = [await usingModel(opened, (own) => pathsOf(own, chosen))];
  requireRows(members[0] as Predicted, opened, chosen);
  for (const other of paths.slice(1)) {
    const member = await openMember(other, opened);
    members.push(await usingModel(member, (own) => pathsOf(own, chosen)));
  }
  const { known, newest } = members[0] as Predicted;
  return new Prediction({
    cells: data.metadata.cells,
    ends: endOfLifeCycles(data.tables, data.metadata.eol),
    ...{ eol: data.metadata.eol, warnings: data.metadata.warnings },
    ...{ known, newest, members: members.map(({ soh }) => soh) },
    ...{ dataset: data.metadata.name, part: opened.whole ? null : chosen.part },
  });
}

async function usingModel<T>(opened: OpenedCheckpoint, use: (opened: OpenedCheckpoint) => T): Promise<T> {
  try {
    return await use(opened);
  } finally {
    opened.model.dispose();
  }
}
