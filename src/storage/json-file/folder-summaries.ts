/** How the studies of a folder stand, in brief: of one, and of all that are there. */
import type { StudySummary, SummariesOptions, SummaryEntry } from "../storage.js";
import { isStudyName } from "../study-errors.js";
import { diskError } from "./disk-errors.js";
import type { LoadedStudy } from "./load.js";
import type { StudyPaths } from "./paths.js";
import { isThere, possibleNames, readsLikeStudy } from "./study-folder.js";
import type { Site } from "./study-moves.js";
import { SummaryReader } from "./summaries.js";
import type { FilesInBrief } from "./summaries.js";

/** How many studies are read at once. */
const AT_ONCE = 16;

/** What is asked of the storage over the folder. */
interface Studies {
  /** Where a study is, for people. */
  readonly location: (name: string) => string;
  /** Reads a study whole. */
  readonly load: (name: string) => Promise<LoadedStudy>;
}

/** The summaries of a folder's studies; what was seen of unchanged files is not read again. */
export class FolderSummaries {
  readonly #site: Site;
  readonly #studies: Studies;
  readonly #reader: SummaryReader;

  constructor(site: Site, studies: Studies) {
    this.#site = site;
    this.#studies = studies;
    this.#reader = new SummaryReader(site.system, studies.load);
  }

  /** @throws UsageError `unknown-study` | MlbenchError `study-damaged`. */
  async summary(name: string): Promise<StudySummary> {
    const paths = this.#site.paths(name);
    if (!isThere(paths.snapshot)) throw await this.#site.unknown(name);
    try {
      return this.#withOwner(name, paths, await this.#reader.read(name, paths));
    } catch (error) {
      throw diskError("reading", paths.snapshot, error);
    }
  }

  /** In the order of their names; an error in the place of one that cannot be read. */
  async summaries({ names: asked, known }: SummariesOptions = {}): Promise<SummaryEntry[]> {
    const names = asked ? asked.filter(isStudyName).sort() : await possibleNames(this.#site.directory);
    if (!asked) this.#reader.keepOnly(names);
    const entries = new Map<string, SummaryEntry>();
    let next = 0;
    const readOn = async (): Promise<void> => {
      for (let name = names[next++]; name !== undefined; name = names[next++]) {
        const summary = known?.(name);
        const entry = summary ? this.#entry(summary) : await this.#entryOf(name);
        if (entry) entries.set(name, entry);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, readOn));
    return names.flatMap((name) => entries.get(name) ?? []);
  }

  #entry(summary: StudySummary): SummaryEntry {
    return { name: summary.name, location: this.#studies.location(summary.name), summary, error: null };
  }

  /** Null for a file that is no study's, and for a study deleted meanwhile. */
  async #entryOf(name: string): Promise<SummaryEntry | null> {
    const location = this.#studies.location(name);
    const paths = this.#site.paths(name);
    try {
      const brief = await this.#reader.glance(name, paths);
      if (!brief && !(await readsLikeStudy(this.#site.system, paths.snapshot))) return null;
      return this.#entry(this.#withOwner(name, paths, brief ?? (await this.#reader.read(name, paths))));
    } catch (reason) {
      const error = diskError("reading", paths.snapshot, reason);
      return error.code === "unknown-study" ? null : { name, location, summary: null, error };
    }
  }

  #withOwner(name: string, paths: StudyPaths, brief: FilesInBrief): StudySummary {
    return { ...brief, owner: this.#site.locks.owner(paths.lock), location: this.#studies.location(name) };
  }
}
