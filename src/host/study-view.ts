/** Studies as they are now, followed without a lock whoever writes them; a view is shared by all who look. */
import { applyEvent, messageOf, MlbenchError, trialOf } from "../core/index.js";
import type { Metrics, StudyEvent, StudyState } from "../core/index.js";
import type { LockOwner, StudyStorage } from "../storage/storage.js";
import { ChangedTrials } from "./changed-trials.js";
import type { Run, StudyView, ViewChange } from "./host.js";
import { LateMetrics } from "./late-metrics.js";
import type { ReportOf } from "./late-metrics.js";

/** What a view is told of a study that does not stand in its file. */
export interface ViewFacts {
  /** Whether this process has the study open for writing. */
  readonly here: (name: string) => boolean;
  readonly run: (name: string, state: StudyState) => Run | null;
  /** The last revision that this process has written of a study that it has open; 0 where it has not. */
  readonly written: (name: string) => number;
  /** The metrics of a report that this process has taken in lately. */
  readonly metricsOf: (name: string, number: number, attempt: number, step: number) => Metrics | undefined;
}

/** Whoever reads after a write of this process sees it, or what there is after so long. */
const CATCH_UP_MS = 1_000;

/** Who writes is looked for again after so long, where nobody was found. */
const MEET_MS = 100;

/** How views are kept. */
export interface StudyViewsOptions extends ViewFacts {
  /** The state of a study that this process has open, once it is durable: its records need not be read again. */
  readonly opened: (name: string) => Promise<Pick<FollowedStudy, "state" | "owner"> | null>;
  /** Something about a study that is followed is different. */
  readonly onChange?: (name: string) => void;
  readonly storage: StudyStorage;
  /** A view that nobody looks at is kept so long, in milliseconds. */
  readonly idleMs: number;
  /** Who writes the study is looked up so often, in milliseconds. */
  readonly ownerMs: number;
}

type Listener = (change: ViewChange) => void;

/** One study, followed. */
class FollowedStudy {
  readonly name: string;
  readonly changed: ChangedTrials;
  state: StudyState;
  owner: LockOwner | null;
  users = 0;
  gone: Extract<ViewChange, { kind: "gone" }> | null = null;
  readonly #options: StudyViewsOptions;
  readonly #listeners = new Set<Listener>();
  /** Called when something was heard of. */
  readonly #behind = new Set<() => void>();
  readonly #ending = new AbortController();
  #ownerTimer: NodeJS.Timeout;
  #drop: NodeJS.Timeout | null = null;
  /** Of what another process runs. */
  readonly #late: LateMetrics;
  #nextMeeting = 0;
  #shownStatus: string;

  constructor(name: string, state: StudyState, owner: LockOwner | null, options: StudyViewsOptions) {
    this.name = name;
    this.state = state;
    this.owner = owner;
    this.#options = options;
    this.changed = new ChangedTrials(state.revision);
    const artifacts = options.storage.artifacts(name);
    this.#late = new LateMetrics({
      directoryOf: (number) => artifacts?.directory(number) ?? null,
      onFound: (reports) => {
        this.#tell({ kind: "metrics", reports });
      },
    });
    this.#shownStatus = this.#status();
    this.#ownerTimer = setInterval(() => void this.#lookForOwner(), options.ownerMs).unref();
    void this.#follow();
  }

  get here(): boolean {
    return this.#options.here(this.name);
  }

  get run(): Run | null {
    return this.#options.run(this.name, this.state);
  }

  metricsOf(...report: ReportOf): Metrics | undefined {
    const own = this.#options.metricsOf(this.name, ...report);
    return own ?? (this.here ? undefined : this.#late.of(...report));
  }

  async #follow(): Promise<void> {
    const { storage } = this.#options;
    const { signal } = this.#ending;
    try {
      for await (const change of storage.follow(this.name, this.state.revision, { signal })) {
        await this.#meetWriter();
        if (change.reset) this.#reset(change.state, change.revision);
        else this.#take(change.event, change.revision);
      }
      if (signal.aborted) return;
      throw new MlbenchError("study-deleted", `study "${this.name}" is not there any more`);
    } catch (error) {
      if (signal.aborted) return;
      const code = error instanceof MlbenchError ? error.code : "study-unreadable";
      this.gone = { kind: "gone", code, message: messageOf(error) };
      this.#tell(this.gone);
      this.close();
    }
  }

  /** Somebody writes: who that is, is known when it is told what was written. Of a burst that is over, one look is enough. */
  async #meetWriter(): Promise<void> {
    if (this.owner !== null || this.here || performance.now() < this.#nextMeeting) return;
    this.#nextMeeting = performance.now() + MEET_MS;
    await this.#lookForOwner();
  }

  #take(event: StudyEvent, revision: number): void {
    this.state = applyEvent(this.state, event);
    const number = trialOf(event);
    if (number !== null) this.changed.add(number, revision);
    this.#tell({ kind: "event", revision, event });
  }

  #reset(state: StudyState, revision: number): void {
    this.state = state;
    this.changed.reset(revision);
    this.#tell({ kind: "reset", revision });
  }

  /** Resolves when everything up to a revision was heard of, or after a while. */
  async reach(revision: number): Promise<void> {
    if (this.state.revision >= revision || this.gone) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#behind.delete(look);
        resolve();
      };
      const look = (): void => {
        if (this.state.revision >= revision || this.gone) done();
      };
      const timer = setTimeout(done, CATCH_UP_MS);
      this.#behind.add(look);
    });
  }

  async #lookForOwner(): Promise<void> {
    // What ends the following says it once, and for good.
    const owner = await this.#options.storage.ownerOf(this.name).catch(() => this.owner);
    if (this.gone || this.#ending.signal.aborted) return;
    this.owner = owner;
    this.statusMayHaveChanged();
  }

  #status(): string {
    const { pid, host, since, url } = this.owner ?? {};
    return JSON.stringify([pid, host, since, url, this.here, this.run]);
  }

  /** Tells those who look, where something about owner or run is different. */
  statusMayHaveChanged(): void {
    const now = this.#status();
    if (now === this.#shownStatus) return;
    this.#shownStatus = now;
    this.#tell({ kind: "status" });
  }

  #tell(change: ViewChange): void {
    for (const look of [...this.#behind]) look();
    if (change.kind !== "metrics") this.#options.onChange?.(this.name);
    for (const listener of [...this.#listeners])
      try {
        listener(change);
      } catch {
        // A listener's own affair.
      }
  }

  subscribe(listener: Listener): () => void {
    // Each its own, though the same function be given twice.
    const own: Listener = (change) => {
      listener(change);
    };
    this.#listeners.add(own);
    const { gone } = this;
    if (gone)
      queueMicrotask(() => {
        if (this.#listeners.has(own)) own(gone);
      });
    return () => this.#listeners.delete(own);
  }

  /** @param forget called when it has been looked at by nobody for a while */
  keep(forget: () => void): void {
    if (this.#drop) clearTimeout(this.#drop);
    this.#drop = null;
    if (this.users === 0) this.#drop = setTimeout(forget, this.#options.idleMs).unref();
  }

  close(): void {
    this.#late.close();
    this.#ending.abort();
    clearInterval(this.#ownerTimer);
    if (this.#drop) clearTimeout(this.#drop);
  }
}

/** The views of a storage's studies. */
export class StudyViews {
  readonly #options: StudyViewsOptions;
  readonly #followed = new Map<string, Promise<FollowedStudy>>();
  readonly #ready = new Map<string, FollowedStudy>();

  constructor(options: StudyViewsOptions) {
    this.#options = options;
  }

  /** The state of a study that is followed just now. */
  peek(name: string): Pick<FollowedStudy, "state" | "owner" | "gone"> | undefined {
    return this.#ready.get(name);
  }

  /** @throws UsageError `unknown-study` | MlbenchError `study-damaged`. */
  async view(name: string): Promise<StudyView> {
    const followed = await this.#find(name);
    followed.users += 1;
    followed.keep(() => undefined);
    let released = false;
    return {
      name,
      get state() {
        return followed.state;
      },
      get owner() {
        return followed.owner;
      },
      get here() {
        return followed.here;
      },
      get run() {
        return followed.run;
      },
      changedSince: (revision) => followed.changed.since(revision),
      subscribe: (listener) => followed.subscribe(listener),
      metricsOf: (...report) => followed.metricsOf(...report),
      caughtUp: () => followed.reach(this.#options.written(name)),
      release: () => {
        if (released) return;
        released = true;
        followed.users -= 1;
        followed.keep(() => {
          this.#forget(name, followed);
        });
      },
    };
  }

  async #find(name: string): Promise<FollowedStudy> {
    const known = this.#followed.get(name);
    if (known) {
      const followed = await known;
      if (!followed.gone) return followed;
      this.#forget(name, followed);
      return this.#find(name);
    }
    const opening = this.#begin(name);
    this.#followed.set(name, opening);
    opening.catch(() => {
      if (this.#followed.get(name) === opening) this.#followed.delete(name);
    });
    return opening;
  }

  async #begin(name: string): Promise<FollowedStudy> {
    const { storage, opened } = this.#options;
    const { state, owner } = (await opened(name)) ?? (await storage.inspect(name));
    const followed = new FollowedStudy(name, state, owner, this.#options);
    this.#ready.set(name, followed);
    return followed;
  }

  #forget(name: string, followed: FollowedStudy): void {
    if (this.#ready.get(name) !== followed) return;
    this.#ready.delete(name);
    this.#followed.delete(name);
    followed.close();
  }

  /** Something about a study's run, or about who has it open, may be different. */
  statusMayHaveChanged(name: string): void {
    this.#ready.get(name)?.statusMayHaveChanged();
  }

  close(): void {
    for (const [name, followed] of [...this.#ready]) this.#forget(name, followed);
  }
}
