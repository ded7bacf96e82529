/** Summaries of a folder's studies, from the heads of their snapshots where nothing has happened since. */
import type { StudyHeader } from "../../core/index.js";
import { SCHEMA_VERSION } from "../migrations/index.js";
import { headerInBrief, lastRecordedActivity, trialsInBrief } from "../study-summary.js";
import type { HeaderInBrief, TrialsInBrief } from "../study-summary.js";
import { openIfThere } from "./file-system.js";
import type { FileStatus, FileSystem } from "./file-system.js";
import type { LoadedStudy } from "./load.js";
import type { StudyPaths } from "./paths.js";
import { reviveFrozen } from "../../core/plain-json.js";
import { isHeadWhole, parseHead } from "./snapshot-head.js";
import { FORMAT, splitHeader } from "./study-document.js";

/** What is known of a study from its files alone. */
export interface FilesInBrief extends HeaderInBrief, TrialsInBrief {
  readonly last_activity_at: string;
  readonly revision: number;
}

interface Cached {
  /** The files that this was read from. */
  readonly stamp: string;
  readonly brief: FilesInBrief;
}

/** What a look at a study's files tells at once. */
interface Glance {
  readonly stamp: string;
  readonly journal: FileStatus | null;
  readonly brief: FilesInBrief | null;
}

function stampOf(status: FileStatus | null): string {
  return status ? `${status.id} ${status.size} ${status.mtimeMs}` : "none";
}

/**
 * Looks at studies without reading their trials where a snapshot without a journal says how they stand: its head is
 * checked line by line, its trials are not looked at, so that damage to them goes unnoticed here. A study with a journal, one of an older version, and one laid
 * out by another program are read whole. What was seen of unchanged files is not read again.
 */
export class SummaryReader {
  readonly #system: FileSystem;
  readonly #load: (name: string) => Promise<LoadedStudy>;
  readonly #seen = new Map<string, Cached>();

  /** @param load reads a study whole. */
  constructor(system: FileSystem, load: (name: string) => Promise<LoadedStudy>) {
    this.#system = system;
    this.#load = load;
  }

  /** @throws as reading the study whole does, where that is needed. */
  async read(name: string, paths: StudyPaths): Promise<FilesInBrief> {
    const { stamp, journal, brief } = await this.#glance(name, paths);
    return brief ?? this.#keep(name, stamp, await this.#whole(name, journal));
  }

  /** What can be said without reading the study whole; null where nothing can. */
  async glance(name: string, paths: StudyPaths): Promise<FilesInBrief | null> {
    return (await this.#glance(name, paths)).brief;
  }

  async #glance(name: string, paths: StudyPaths): Promise<Glance> {
    // The journal first: a snapshot looked at later is at least as new.
    const journal = await this.#system.status(paths.journal);
    const stamp = `${stampOf(journal)} ${stampOf(await this.#system.status(paths.snapshot))}`;
    const seen = this.#seen.get(name);
    if (seen?.stamp === stamp) return { stamp, journal, brief: seen.brief };
    const folded = journal === null || journal.size === 0;
    const quick = folded ? await this.#quickLook(paths.snapshot) : null;
    return { stamp, journal, brief: quick && this.#keep(name, stamp, quick) };
  }

  #keep(name: string, stamp: string, found: FilesInBrief): FilesInBrief {
    const brief = Object.freeze({ ...found, name });
    this.#seen.set(name, { stamp, brief });
    return brief;
  }

  /** Forgets all studies but these. */
  keepOnly(names: readonly string[]): void {
    const kept = new Set(names);
    for (const name of this.#seen.keys()) if (!kept.has(name)) this.#seen.delete(name);
  }

  async #quickLook(path: string): Promise<FilesInBrief | null> {
    const fd = await openIfThere(this.#system, path);
    if (fd === null) return null;
    try {
      const head = await parseHead(this.#system, fd);
      const brief = head && briefIn(head.raw);
      const trials = brief ? Object.values(brief.counts).reduce((sum, count) => sum + count, 0) : 0;
      return brief && (await isHeadWhole(this.#system, fd, head, trials)) ? brief : null;
    } finally {
      await this.#system.close(fd);
    }
  }

  async #whole(name: string, journal: FileStatus | null): Promise<FilesInBrief> {
    const { state, snapshot } = await this.#load(name);
    const recorded = snapshot.lastActivity ?? lastRecordedActivity(state);
    const written = journal && journal.size > 0 ? new Date(journal.mtimeMs).toISOString() : recorded;
    return {
      ...headerInBrief(state.header),
      ...trialsInBrief(state),
      last_activity_at: written > recorded ? written : recorded,
      revision: state.revision,
    };
  }
}

/** What a snapshot's head says; null where it is not of the present version, or not as this program writes it. */
function briefIn(raw: Record<string, unknown>): FilesInBrief | null {
  if (raw["format"] !== FORMAT || raw["schema_version"] !== SCHEMA_VERSION) return null;
  const { revision, summary } = reviveFrozen(raw) as { revision: unknown; summary: unknown };
  if (typeof revision !== "number" || typeof summary !== "object" || summary === null) return null;
  const { counts, counted, best, front_size, last_activity_at } = summary as Partial<FilesInBrief>;
  if (counts === undefined || counted === undefined || best === undefined) return null;
  if (front_size === undefined || last_activity_at === undefined) return null;
  try {
    const header: StudyHeader = splitHeader(raw).header;
    return { ...headerInBrief(header), counts, counted, best, front_size, last_activity_at, revision };
  } catch {
    return null;
  }
}
