import { randomUUID } from "node:crypto";
import type { Direction, SearchSpace, StudyHeader, StudyState } from "../core/index.js";
import { drawSeed, MlbenchError } from "../core/index.js";
import type { Pruner } from "../pruners/pruner.js";
import type { Sampler } from "../samplers/sampler.js";
import { MemoryStorage } from "../storage/memory.js";
import type { StudyStorage } from "../storage/storage.js";
import type { CommandAnswers, StudyCommand } from "../study/commands.js";
import type { StudyComponents } from "../study/components.js";
import { handleCommand } from "../study/handle-command.js";
import { StudyLog } from "../study/study-log.js";
import { Study } from "../study/study.js";
import type { Given } from "./components.js";
import { createComponents, prunerSpec, samplerSpec } from "./components.js";
import { EpochLog } from "./epoch-log.js";
import { prepareObjective } from "./objective.js";
import { openStorage } from "./storage.js";

/** Where studies live: `"memory"` for as long as this process, or a folder. */
export type StorageLocation = "memory" | (string & {});

export interface CreateStudyOptions {
  /** @default one of its own in memory, `study` in a folder */
  readonly name?: string;
  readonly storage: StorageLocation;
  /** @default "minimize" */
  readonly direction?: Direction;
  /** Drawn jointly at `ask`. Without it an objective in this process may suggest what it likes. */
  readonly space?: SearchSpace;
  /** @default the tree-structured Parzen estimator */
  readonly sampler?: Given<Sampler>;
  /** @default the median pruner */
  readonly pruner?: Given<Pruner>;
  /** Everything random follows from it. @default drawn, and stored */
  readonly seed?: number;
  /** How values that are no finite numbers and repeated parameters are treated. */
  readonly settings?: Partial<Pick<StudyHeader["settings"], "on_nan" | "on_duplicate" | "dry_run_pruner">>;
}

export interface StudyAddress {
  readonly name: string;
  readonly storage: StorageLocation;
}

export interface LoadStudyOptions extends StudyAddress {
  /** For a sampler that is not a registered one, or was made with options that its object does not show. */
  readonly sampler?: Given<Sampler>;
  /** As {@link LoadStudyOptions.sampler}. */
  readonly pruner?: Given<Pruner>;
}

const memory = new MemoryStorage();

async function storageAt(location: StorageLocation): Promise<StudyStorage> {
  return location === "memory" ? memory : openStorage(location);
}

/**
 * Makes a study over an objective.
 * @throws UsageError `study-exists`, `invalid-study-name`, and what sampler and pruner refuse.
 */
export async function createStudy(options: CreateStudyOptions): Promise<Study> {
  const storage = await storageAt(options.storage);
  const name = options.name ?? (options.storage === "memory" ? `study-${randomUUID().slice(0, 8)}` : "study");
  const header: StudyHeader = {
    name,
    objectives: [{ metric: "value", direction: options.direction ?? "minimize" }],
    created_at: new Date().toISOString(),
    seed: options.seed ?? drawSeed(),
    task: {},
    space: options.space ?? {},
    sampler: samplerSpec(options.sampler),
    pruner: prunerSpec(options.pruner),
    settings: {
      ...{ trial_value: "best", on_nan: "fail", on_duplicate: "resample", dry_run_pruner: false },
      ...options.settings,
      ...{ plugins: [], objective: null, data_files: [], accepted_changes: [] },
    },
    user_attrs: {},
  };
  return createStoredStudy(storage, header, options);
}

/** Makes a study from a header; it is durable and closed for writing when this resolves. */
export async function createStoredStudy(
  storage: StudyStorage,
  header: StudyHeader,
  given: { sampler?: Given<Sampler>; pruner?: Given<Pruner> } = {},
): Promise<Study> {
  const components = await createComponents(header, given);
  const writer = await storage.create(header);
  await writer.close();
  return studyOn(storage, writer.state, components);
}

/**
 * Opens a study to be read; the first write takes its lock.
 * @throws UsageError `unknown-study` | MlbenchError `study-damaged`.
 */
export async function loadStudy(options: LoadStudyOptions): Promise<Study> {
  return openStudy(await storageAt(options.storage), options.name, options);
}

/** {@link loadStudy} on a storage at hand. */
export async function openStudy(
  storage: StudyStorage,
  name: string,
  given: { sampler?: Given<Sampler>; pruner?: Given<Pruner> } = {},
): Promise<Study> {
  const state = await storage.read(name);
  const components = await createComponents(state.header, given);
  return studyOn(storage, state, components);
}

function studyOn(storage: StudyStorage, state: StudyState, components: StudyComponents): Study {
  const reports = new EpochLog((number) => storage.directoryOf(state.header.name, number));
  return new Study({ storage, opened: { state, writer: null }, components, prepare: prepareObjective, reports });
}

/**
 * Removes a study with everything that belongs to it.
 * @throws UsageError `unknown-study` | MlbenchError `study-locked` while a process writes it.
 */
export async function deleteStudy({ name, storage }: StudyAddress): Promise<void> {
  const opened = await storageAt(storage);
  await StudyLog.release(opened, name);
  await opened.delete(name);
}

/** The names of the studies of a storage, sorted. */
export async function listStudies({ storage }: Pick<StudyAddress, "storage">): Promise<string[]> {
  return (await storageAt(storage)).list();
}

/**
 * Carries out a write command: through the inbox of the process that writes the study, or by opening it.
 * @throws what the command throws; MlbenchError `not-optimizing` for `stop` when nobody optimizes the study.
 */
export async function commandStudy<C extends StudyCommand>(
  storage: StudyStorage,
  name: string,
  command: C,
): Promise<CommandAnswers[C["type"]]> {
  for (let attempt = 1; ; attempt++) {
    try {
      if (await storage.ownerOf(name)) return (await storage.send(name, command)) as CommandAnswers[C["type"]];
    } catch (error) {
      if (!(error instanceof MlbenchError) || error.code !== "no-owner") throw error;
    }
    const study = await openStudy(storage, name);
    try {
      return await handleCommand(study, command);
    } catch (error) {
      // An owner came between looking and opening.
      if (!(error instanceof MlbenchError) || error.code !== "study-locked" || attempt >= 5) throw error;
    } finally {
      await study.close();
    }
  }
}
