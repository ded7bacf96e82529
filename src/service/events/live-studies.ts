/** The studies that somebody looks at: each followed once, with its figures, columns and stream, for all who look. */
import type { StudyHost, StudyView } from "../../host/host.js";
import { StudyColumns } from "../columns/study-columns.js";
import { StudyFigures } from "./figures.js";
import { StudyChannel } from "./study-channel.js";

/** Milliseconds for which a study is followed after the last look. */
const KEPT = 60_000;
/** Milliseconds between signs of life in a stream. */
const BEAT = 15_000;

/** A study that is followed. */
export interface LiveStudy {
  readonly view: StudyView;
  readonly figures: StudyFigures;
  readonly columns: StudyColumns;
  readonly channel: StudyChannel;
}

interface Followed {
  readonly study: Promise<LiveStudy>;
  users: number;
  idle: NodeJS.Timeout | null;
  end: () => void;
}

/** Follows studies for those who ask. */
export class LiveStudies {
  readonly #host: StudyHost;
  readonly #followed = new Map<string, Followed>();
  readonly #current = new Map<string, LiveStudy>();
  readonly #beat: NodeJS.Timeout;
  #closed = false;

  constructor(host: StudyHost) {
    this.#host = host;
    this.#beat = setInterval(() => {
      for (const { channel } of this.#current.values()) channel.beat();
    }, BEAT).unref();
  }

  /** A study that is followed at this moment. */
  current(name: string): LiveStudy | undefined {
    return this.#current.get(name);
  }

  /** Looks at a study for as long as a task takes. @throws as `StudyHost.view`, and what the task throws. */
  async use<T>(name: string, task: (study: LiveStudy) => T | Promise<T>): Promise<T> {
    const { study, release } = await this.acquire(name);
    try {
      // Whoever asks after a write of theirs sees it.
      await study.view.caughtUp();
      return await task(study);
    } finally {
      release();
    }
  }

  /** Looks at a study until it is released, which is to be done once. @throws as `StudyHost.view`. */
  async acquire(name: string): Promise<{ readonly study: LiveStudy; readonly release: () => void }> {
    let followed = this.#followed.get(name);
    if (!followed) this.#followed.set(name, (followed = this.#follow(name)));
    const own = followed;
    own.users += 1;
    if (own.idle) clearTimeout(own.idle);
    own.idle = null;
    const release = (): void => {
      own.users -= 1;
      if (own.users > 0) return;
      if (this.#closed) own.end();
      else own.idle = setTimeout(own.end, KEPT).unref();
    };
    try {
      return { study: await own.study, release };
    } catch (error) {
      if (this.#followed.get(name) === own) this.#followed.delete(name);
      throw error;
    }
  }

  /** Ends every stream, and the following of every study. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#beat);
    for (const { channel } of this.#current.values()) channel.end();
    for (const { users, end } of [...this.#followed.values()]) if (users === 0) end();
  }

  #follow(name: string): Followed {
    const followed: Followed = {
      study: this.#open(name, () => followed.end()),
      users: 0,
      idle: null,
      end: () => undefined,
    };
    followed.end = () => {
      if (this.#followed.get(name) === followed) this.#followed.delete(name);
      void followed.study.then(
        ({ view }) => {
          if (this.#current.get(name)?.view === view) this.#current.delete(name);
          followed.end = () => undefined;
          this.#unsubscribe.get(view)?.();
          this.#unsubscribe.delete(view);
          view.release();
        },
        () => undefined,
      );
    };
    return followed;
  }

  readonly #unsubscribe = new Map<StudyView, () => void>();

  async #open(name: string, onGone: () => void): Promise<LiveStudy> {
    const view = await this.#host.view(name);
    const figures = new StudyFigures(view.state);
    const channel = new StudyChannel(view, figures);
    const study: LiveStudy = { view, figures, columns: new StudyColumns(), channel };
    const unsubscribe = view.subscribe((change) => {
      if (change.kind === "event") figures.take(change.event, view.state);
      else if (change.kind === "reset") figures.reset(view.state);
      channel.take(change);
      if (change.kind === "gone") onGone();
    });
    this.#unsubscribe.set(view, unsubscribe);
    this.#current.set(name, study);
    return study;
  }
}
