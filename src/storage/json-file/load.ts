/** A study as it stands on disk: its snapshot with the journal's events applied. */
import { basename } from "node:path";

import { applyEvent, createStudyState, messageOf } from "../../core/index.js";
import type { StudyState } from "../../core/index.js";
import type { StorageFinding } from "../storage.js";
import { openIfThere } from "./file-system.js";
import type { FileSystem } from "./file-system.js";
import { scanJournal } from "./journal-scan.js";
import { wrongEvent } from "./event-check.js";
import { migratedEvent } from "./journal-line.js";
import type { JournalRecord } from "./journal-line.js";
import type { JournalScan, LinePlace } from "./journal-scan.js";
import type { StudyPaths } from "./paths.js";
import { LenientReplay } from "./lenient-replay.js";
import type { LeftEvent, Losses } from "./lenient-replay.js";
import { identityIn, readHead } from "./snapshot-head.js";
import { readSnapshot } from "./snapshot-reader.js";
import type { ReadOptions, ReadSnapshot } from "./snapshot-reader.js";
import type { StudyDocument } from "./study-document.js";

export interface LoadedStudy {
  /** Its revision is `lastSeq`. */
  readonly state: StudyState;
  readonly snapshot: StudyDocument;
  readonly snapshotBytes: number;
  /** The `schema_version` that the snapshot was written in. */
  readonly version: number;
  /** Whether that is an older one. */
  readonly outdated: boolean;
  /** Null when there is none. */
  readonly journal: JournalScan | null;
  readonly lastSeq: number;
  readonly findings: readonly StorageFinding[];
  /** What damage of the journal has cost; null where there is none. */
  readonly losses: Losses | null;
}

/**
 * What tells a study from one that took its name, and its form from a later one: when and with which seed it was made,
 * and its version.
 */
async function identityOf(system: FileSystem, path: string): Promise<string | null> {
  const fd = await openIfThere(system, path);
  if (fd === null) return null;
  try {
    const { version, study } = identityIn(await readHead(system, fd));
    return `${version} ${study}`;
  } finally {
    await system.close(fd);
  }
}

/**
 * The study as it stands on disk; null when there is none. Needs no lock: the journal is opened before the snapshot is,
 * and both are only ever replaced by renaming, so whatever a writer does meanwhile, the snapshot read is at least as
 * new as the one this journal goes on from, and lines that it already holds are skipped.
 */
export async function loadStudy(
  system: FileSystem,
  paths: StudyPaths,
  options: ReadOptions = {},
): Promise<LoadedStudy | null> {
  for (let attempt = 1; ; attempt++) {
    const before = await identityOf(system, paths.snapshot);
    const journal = await openIfThere(system, paths.journal);
    try {
      const snapshot = await openIfThere(system, paths.snapshot);
      if (snapshot === null) return null;
      let read: ReadSnapshot;
      try {
        read = await readSnapshot(system, snapshot, paths.snapshot, options);
      } finally {
        await system.close(snapshot);
      }
      // A study deleted and made anew in between would lend its journal to its namesake.
      if (attempt < 5 && before !== (await identityOf(system, paths.snapshot))) continue;
      return await withJournal(system, paths, underName(read, basename(paths.snapshot, ".json")), journal);
    } finally {
      if (journal !== null) await system.close(journal);
    }
  }
}

/**
 * A study goes by its file's name: one that was copied or renamed still says its old one inside, and what is written
 * under that would go into the other study's files.
 */
function underName(read: ReadSnapshot, name: string): ReadSnapshot {
  const { state } = read.document;
  if (state.header.name === name) return read;
  const header = Object.freeze({ ...state.header, name });
  return { ...read, document: { ...read.document, state: createStudyState(header, state.trials, state) } };
}

/** A snapshot with its journal's events applied; `fd` is the journal, or null where there is none. */
export async function withJournal(
  system: FileSystem,
  paths: StudyPaths,
  { document, bytes, migrator }: ReadSnapshot,
  fd: number | null,
): Promise<LoadedStudy> {
  const { version, outdated } = migrator;
  const common = { snapshot: document, snapshotBytes: bytes, version, outdated };
  const { state, revision } = document;
  if (fd === null) return { ...common, state, journal: null, lastSeq: revision, findings: [], losses: null };
  const file = basename(paths.journal);
  const checked = ({ seq, event }: JournalRecord): LeftEvent & { readonly wrong: string | null } => {
    const migrated = migratedEvent(event, migrator);
    const wrong = migrated ? wrongEvent(migrated) : "it is of no known form";
    return { seq, event: wrong === null ? migrated : null, wrong };
  };
  const replay = new Replay(state, file);
  const journal = await scanJournal(system, fd, file, revision, (record, place) =>
    replay.apply(checked(record), place),
  );
  const findings = [...replay.findings, ...journal.findings];
  if (journal.salvaged.length === 0 && replay.findings.length === 0) {
    const lines = journal.unread;
    const losses = lines > 0 ? { lines, trials: [], unsure: replay.state.unfinished } : null;
    return { ...common, state: replay.state, journal, lastSeq: journal.lastSeq, findings, losses };
  }
  const lenient = new LenientReplay(replay.state, journal.lines);
  for (const left of [...replay.kept, ...journal.salvaged.map(checked)]) lenient.apply(left);
  const losses = lenient.losses(journal.unread);
  const { lastSeq } = journal;
  const mended = lenient.finish(new Date().toISOString());
  return { ...common, state: atRevision(mended, lastSeq), journal, lastSeq, findings, losses };
}

/** The state under the number of the last event on disk: some events of a damaged journal are lost, others stood in for. */
function atRevision(state: StudyState, revision: number): StudyState {
  const { header, trials, annotations } = state;
  return createStudyState(header, trials, { annotations, revision });
}

/** Applies events until one does not fit, and keeps those from there on. */
class Replay {
  state: StudyState;
  readonly #file: string;
  readonly findings: StorageFinding[] = [];
  readonly kept: LeftEvent[] = [];

  constructor(state: StudyState, file: string) {
    this.state = state;
    this.#file = file;
  }

  /** @param wrong what the event cannot be, whatever came before. */
  apply(left: LeftEvent & { readonly wrong: string | null }, place: LinePlace): void {
    const { seq, event, wrong } = left;
    if (wrong !== null) this.#find(`event ${seq} is none: ${wrong}`, place);
    if (this.findings.length > 0 || !event) {
      this.kept.push(left);
      return;
    }
    try {
      this.state = applyEvent(this.state, event);
    } catch (error) {
      this.kept.push(left);
      this.#find(`event ${seq} cannot have happened here: ${messageOf(error)}`, place);
    }
  }

  #find(message: string, place: LinePlace): void {
    const where = { file: this.#file, ...place };
    this.findings.push({ severity: "damage", code: "event", ...where, message, blocksWriting: true });
  }
}
