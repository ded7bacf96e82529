/** States of stored studies, kept for the next question about them and carried on by their events. */
import { applyEvent } from "../core/index.js";
import type { StudyState } from "../core/index.js";
import { openStorage } from "../app/storage.js";
import type { StudyStorage } from "../storage/storage.js";

/** Which state of a study is analysed: as of this revision, or a later one. */
export interface AnalysedStudy {
  readonly name: string;
  readonly created_at: string;
  readonly revision: number;
}

/** Studies that are kept. */
const KEPT = 3;
/** Milliseconds that events are waited for which are not written yet. */
const PATIENCE = 1000;

/** Reads studies as of a revision. */
export class FollowedStates {
  readonly #storage: StudyStorage;
  readonly #states = new Map<string, StudyState>();

  constructor(storage: StudyStorage) {
    this.#storage = storage;
  }

  static async inFolder(folder: string): Promise<FollowedStates> {
    return new FollowedStates(await openStorage(folder));
  }

  /** A study as of a revision or later; earlier only where nothing more has been written. @throws as `StudyStorage.read`. */
  async at({ name, created_at, revision }: AnalysedStudy): Promise<StudyState> {
    let state = this.#states.get(name);
    if (state?.header.created_at !== created_at) state = undefined;
    if (state && state.revision < revision) state = await this.#carriedOn(name, state, revision);
    state ??= await this.#storage.read(name);
    this.#keep(name, state);
    return state;
  }

  /** The storage, whose `read` gives these studies as {@link FollowedStates.at} does. */
  async storageFor(studies: readonly AnalysedStudy[]): Promise<StudyStorage> {
    const states = new Map<string, StudyState>();
    for (const study of studies) states.set(study.name, await this.at(study));
    const storage = this.#storage;
    const read = async (name: string): Promise<StudyState> => states.get(name) ?? (await storage.read(name));
    return new Proxy(storage, {
      get: (target, key) => {
        if (key === "read") return read;
        const value: unknown = Reflect.get(target, key);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
  }

  /** The state with the events since; undefined where they are not to be had. */
  async #carriedOn(name: string, from: StudyState, revision: number): Promise<StudyState | undefined> {
    let state = from;
    try {
      const changes = this.#storage.follow(name, from.revision, { signal: AbortSignal.timeout(PATIENCE) });
      for await (const change of changes) {
        state = change.reset ? change.state : applyEvent(state, change.event);
        if (state.revision >= revision) return state;
      }
    } catch {
      // What is wrong with the study, reading it says.
    }
    return undefined;
  }

  #keep(name: string, state: StudyState): void {
    this.#states.delete(name);
    this.#states.set(name, state);
    for (const oldest of [...this.#states.keys()].slice(0, -KEPT)) this.#states.delete(oldest);
  }
}
