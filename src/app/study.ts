/** Studies that are there: opened, listed, deleted. */
import type { Metrics, StudyHeader, StudyState } from "../core/index.js";
import type { Pruner } from "../pruners/pruner.js";
import type { KnownKeys } from "../core/known-keys.js";
import { requireKnownKeys } from "../core/known-keys.js";
import type { Sampler } from "../samplers/sampler.js";
import type { StudyStorage, StudyWriter, WriterOptions } from "../storage/storage.js";
import type { StudyComponents } from "../study/components.js";
import { StudyLog } from "../study/study-log.js";
import type { StudyParts } from "../study/study.js";
import { Study } from "../study/study.js";
import type { StorageAddress, StudyAddress } from "./address.js";
import { addressKeys, rememberStorage, requireAddress, storageKeys } from "./address.js";
import type { Given } from "./components.js";
import { areRegistered, createComponents } from "./components.js";
import { EpochLog } from "./epoch-log.js";
import { prepareWith } from "./objective.js";
import { openStorage } from "./storage.js";
import { loadStudyPlugins } from "./study-plugins.js";

/** How {@link loadStudy} opens a study. */
export interface LoadStudyOptions extends StudyAddress {
  /** For a sampler that is not a registered one, or was made with options that its object does not show. */
  readonly sampler?: Given<Sampler> | undefined;
  /** As {@link LoadStudyOptions.sampler}. */
  readonly pruner?: Given<Pruner> | undefined;
}

const loadKeys: KnownKeys<LoadStudyOptions> = { ...addressKeys, sampler: true, pruner: true };

interface GivenComponents {
  readonly sampler?: Given<Sampler> | undefined;
  readonly pruner?: Given<Pruner> | undefined;
}

const epochLogs = new WeakMap<Study, EpochLog>();

/** The metrics of a report that an open study took in lately; undefined where it had none. */
export function lateMetrics(study: Study, number: number, attempt: number, step: number): Metrics | undefined {
  return epochLogs.get(study)?.metricsOf(number, attempt, step);
}

/** Makes a study from a header; it is durable and closed for writing when this resolves. */
export async function createStoredStudy(
  storage: StudyStorage,
  header: StudyHeader,
  given: GivenComponents = {},
): Promise<Study> {
  const components = await createComponents(header, given);
  const writer = await storage.create(header, { work: "create" });
  await writer.close();
  return studyOf(storage, { state: writer.state, writer: null }, components);
}

/** A study's records, and who may add to them. */
interface OpenedStudy {
  readonly state: StudyState;
  readonly writer: StudyWriter | null;
}

function studyOf(
  storage: StudyStorage,
  opened: OpenedStudy,
  components: StudyComponents,
  more: Pick<StudyParts, "staysOpen"> = {},
): Study {
  const artifacts = storage.artifacts(opened.state.header.name);
  const reports = new EpochLog((number) => artifacts?.directory(number) ?? null);
  const study = new Study({ storage, opened, components, prepare: prepareWith(storage), reports, ...more });
  rememberStorage(study, storage);
  epochLogs.set(study, reports);
  return study;
}

/**
 * Opens a study to be read; the first write takes its lock.
 * @throws UsageError `unknown-study`, `unknown-option` | MlbenchError `study-damaged`.
 * @example
 * const study = await loadStudy({ name: "bowl", storage: "studies" });
 * study.bestTrial?.params;
 */
export async function loadStudy(options: LoadStudyOptions): Promise<Study> {
  requireKnownKeys("loadStudy", options, loadKeys);
  requireAddress("loadStudy", options);
  return openStudy(await openStorage(options.storage, options.directory), options.name, options);
}

/** {@link loadStudy} on a storage at hand. */
export async function openStudy(storage: StudyStorage, name: string, given: GivenComponents = {}): Promise<Study> {
  return withComponents(storage, { state: await storage.read(name), writer: null }, given);
}

/**
 * {@link openStudy}, and at once for writing.
 * @throws as {@link openStudy}, and as {@link StudyStorage.openWriter}.
 */
export async function openStudyToWrite(
  storage: StudyStorage,
  name: string,
  options: WriterOptions & Pick<StudyParts, "staysOpen">,
): Promise<Study> {
  const { staysOpen = false, ...writing } = options;
  // Another object of this process may have it open.
  await StudyLog.release(storage, name);
  const writer = await storage.openWriter(name, writing);
  try {
    return await withComponents(storage, { state: writer.state, writer }, {}, { staysOpen });
  } catch (error) {
    await writer.close();
    throw error;
  }
}

async function withComponents(
  storage: StudyStorage,
  opened: OpenedStudy,
  given: GivenComponents,
  more: Pick<StudyParts, "staysOpen"> = {},
): Promise<Study> {
  const { header } = opened.state;
  // Most samplers and pruners are ours: then nothing is imported to read a study or to tell it something.
  if (!areRegistered(header, given)) await loadStudyPlugins(header, storage.baseDirectory(header.name));
  return studyOf(storage, opened, await createComponents(header, given), more);
}

/**
 * Removes a study with everything that belongs to it.
 * @throws UsageError `unknown-study`, `unknown-option` | MlbenchError `study-locked` while a process writes it.
 * @example
 * await deleteStudy({ name: "bowl", storage: "studies" });
 */
export async function deleteStudy(options: StudyAddress): Promise<void> {
  requireKnownKeys("deleteStudy", options, addressKeys);
  requireAddress("deleteStudy", options);
  const { name, storage, directory } = options;
  const opened = await openStorage(storage, directory);
  await StudyLog.release(opened, name);
  await opened.delete(name);
}

/**
 * The names of the studies of a storage, sorted.
 * @throws UsageError `unknown-option`.
 * @example
 * await listStudies({ storage: "studies" }); // ["bowl", "rig"]
 */
export async function listStudies(options: StorageAddress): Promise<string[]> {
  requireKnownKeys("listStudies", options, storageKeys);
  return (await openStorage(options.storage, options.directory)).list();
}
