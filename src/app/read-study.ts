/** What is read of a stored study: its records, figures and exports, a trial's log and weights, and what is amiss. */
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import type { StudyHeader, StudyState, Trial } from "../core/index.js";
import { MlbenchError, unknownTrial, UsageError } from "../core/index.js";
import { isCheckpoint, LOG_FILE, partOfCheckpoint } from "../executors/trial-files.js";
import { cannotWrite } from "../io/atomic-write.js";
import { makeFolder } from "../io/make-folder.js";
import { partFile } from "../io/part-file.js";
import type { ArtifactStore, RepairReport, StorageFinding } from "../storage/storage.js";
import type { LocatedStudy, StudyTarget } from "./address.js";
import { locate } from "./address.js";
import type { StudyPlace, StudyOverview } from "./views/study-overview.js";
import { winnerOf, winnersOf } from "./winners.js";

/** A study's records as they are now, with where it is kept, who writes it, and what is amiss with its files. */
export interface InspectedStudy extends StudyPlace {
  readonly state: StudyState;
}

/**
 * Looks at a study without a lock.
 * @throws UsageError `unknown-study` | MlbenchError `study-damaged`.
 * @example
 * const { owner, findings } = await inspectStudy({ name: "bowl", storage: "studies" });
 */
export async function inspectStudy(target: StudyTarget): Promise<InspectedStudy> {
  return inspect(await locate("inspectStudy", target));
}

async function inspect({ storage, name }: LocatedStudy): Promise<InspectedStudy> {
  const inspected = { ...(await storage.inspect(name)), file: storage.location(name) };
  const { header } = inspected.state;
  return header.settings.command
    ? { ...inspected, commandLine: await commandLines(header, { storage, name }) }
    : inspected;
}

/** How the trials of a study over a program are run. */
async function commandLines(header: StudyHeader, { storage, name }: LocatedStudy) {
  const { commandLineOf } = await import("./command-line.js");
  const artifacts = storage.artifacts(name);
  // A service's folders are its machine's: there the line is run.
  const place = storage.service
    ? { base: null, folderOf: () => null }
    : {
        base: storage.baseDirectory(name),
        folderOf: (number: number) => artifacts?.directory(number) ?? null,
      };
  return (trial: Pick<Trial, "number" | "params">): string => commandLineOf(header, trial, place) as string;
}

/**
 * The line that a trial runs whose study is over a program, as a shell in the program's folder takes it; null of any other
 * study.
 * @throws UsageError `unknown-trial`, and as {@link readStudy}.
 * @example
 * await trialCommandLine({ name: "train", storage: "studies" }, 3); // "python train.py --lr 0.01"
 */
export async function trialCommandLine(target: StudyTarget, number: number): Promise<string | null> {
  const study = await locate("trialCommandLine", target);
  const state = await study.storage.read(study.name);
  const trial = state.trial(number);
  if (!trial) throw unknownTrial(study.name, number, state.size);
  return state.header.settings.command ? (await commandLines(state.header, study))(trial) : null;
}

/**
 * The records of a study as they are now.
 * @throws UsageError `unknown-study` | MlbenchError `study-damaged`.
 * @example
 * const { trials, header } = await readStudy({ name: "bowl", storage: "studies" });
 */
export async function readStudy(target: StudyTarget): Promise<StudyState> {
  const { storage, name } = await locate("readStudy", target);
  return storage.read(name);
}

/**
 * A study in figures, with who writes it now and what is amiss.
 * @throws as {@link readStudy}.
 * @example
 * (await summarizeStudy({ name: "bowl", storage: "studies" })).counts.complete; // 40
 */
export async function summarizeStudy(target: StudyTarget): Promise<StudyOverview> {
  const inspected = await inspect(await locate("summarizeStudy", target));
  // What only reads records loads nothing of spaces and samplers.
  const { overviewOf } = await import("./views/study-overview.js");
  return overviewOf(inspected.state, inspected);
}

/** Where a trial keeps its files; null in memory. */
async function filesOf({ storage, name }: LocatedStudy, number: number): Promise<ArtifactStore | null> {
  const { size } = await storage.read(name);
  if (number >= size) throw unknownTrial(name, number, size);
  return storage.artifacts(name);
}

/** The weights that a trial has left; each part of a cross-validated trial has its own, which is named. */
async function weightsOf(study: LocatedStudy, number: number): Promise<Weights[]> {
  const files = await filesOf(study, number);
  if (files === null) return [];
  const found = (await files.list(number)).filter(isCheckpoint);
  return found.map((name) => ({ files, name, part: partOfCheckpoint(name) }));
}

/** A file of weights among a trial's. */
interface Weights {
  readonly files: ArtifactStore;
  readonly name: string;
  readonly part: string | null;
}

/** @throws UsageError `no-checkpoint` */
async function keptWeights(study: LocatedStudy, number: number) {
  const weights = await weightsOf(study, number);
  if (weights.length > 0) return weights;
  const { header } = await study.storage.read(study.name);
  throw new UsageError(
    "no-checkpoint",
    header.task.dataset === undefined
      ? `study "${study.name}" has an objective: there are no weights to hand over`
      : `trial ${number} has no kept weights: --keep-checkpoints says which trials keep theirs`,
  );
}

/**
 * The files of a trial's kept weights, where they lie: one, or one a part of a cross-validated trial, which
 * `predictCheckpoint` and `evaluateCheckpoint` take together.
 * @param number @default the only best trial
 * @throws UsageError `unknown-trial`, `several-winners`, `no-checkpoint`; MlbenchError `no-best-trial`, `no-feasible-trial`;
 * and as {@link readStudy}.
 * @example
 * await evaluateCheckpoint(await trialCheckpoints({ name: "folded", storage: "studies" }), { split: "test" });
 */
export async function trialCheckpoints(target: StudyTarget, number?: number): Promise<readonly string[]> {
  const study = await locate("trialCheckpoints", target);
  const chosen = number ?? winnerOf(study.name, winnersOf(await study.storage.read(study.name))).number;
  return (await keptWeights(study, chosen)).map(({ files, name }) => join(files.directory(chosen), name));
}

/**
 * What a trial has printed, in pieces.
 * @throws UsageError `unknown-trial`, `no-log`, and as {@link readStudy}.
 * @example
 * for await (const text of await trialLog({ name: "tuned", storage: "studies" }, 3)) process.stdout.write(text);
 */
export async function trialLog(target: StudyTarget, number: number): Promise<AsyncIterable<string>> {
  const files = await filesOf(await locate("trialLog", target), number);
  const log = await files?.read(number, LOG_FILE);
  if (!log) throw new UsageError("no-log", `trial ${number} has no log`);
  return log.setEncoding("utf8") as AsyncIterable<string>;
}

/**
 * Copies the kept weights of a trial; folders on the way are made. Each part of a cross-validated trial has weights of
 * its own, which go beside the file that is named, with the part's name before its end: `best.B0005.safetensors`, …
 * @param file where to; a relative path starts at the current folder
 * @returns the files written
 * @throws UsageError `unknown-trial`, `no-checkpoint`, `cannot-write`, and as {@link readStudy}.
 * @example
 * await copyCheckpoint({ name: "tuned", storage: "studies" }, 3, "artifacts/best.safetensors");
 */
export async function copyCheckpoint(target: StudyTarget, number: number, file: string): Promise<readonly string[]> {
  const study = await locate("copyCheckpoint", target);
  const weights = (await keptWeights(study, number)).map(
    (kept) => [kept, kept.part === null ? file : partFile(file, { file: kept.part })] as const,
  );
  for (const [{ files, name }, to] of weights) {
    const content = await files.read(number, name);
    if (!content) throw new UsageError("no-checkpoint", `trial ${number} has no kept weights any more`);
    try {
      await makeFolder(dirname(resolve(to)));
      await pipeline(content, createWriteStream(to));
    } catch (error) {
      // Half of the weights would be taken for all of them.
      await rm(to, { force: true }).catch(() => undefined);
      throw error instanceof MlbenchError ? error : cannotWrite(to, error);
    }
  }
  return weights.map(([, to]) => to);
}

/** Everything that is amiss with a study's files; nothing when it is whole. */
export async function diagnoseStudy(target: StudyTarget): Promise<readonly StorageFinding[]> {
  const { storage, name } = await locate("diagnoseStudy", target);
  return storage.diagnose(name);
}

/**
 * Mends what {@link diagnoseStudy} finds without losing a good record; damaged files are kept beside.
 * @throws MlbenchError `study-locked`, `study-damaged` when nothing could be saved.
 */
export async function repairStudy(target: StudyTarget): Promise<RepairReport> {
  const { storage, name } = await locate("repairStudy", target);
  return storage.repair(name);
}
