/** All studies as a list shows them, and the stream of its changes. */
import { stringifyJson } from "../../core/index.js";
import type { Analysis } from "../../host/analysis.js";
import type { HostedStudy, StudyHost } from "../../host/host.js";
import type { StudyEntry, StudyList as StudyListData } from "../schemas/studies.js";
import type { Course } from "./entry.js";
import { entryOfHosted, entryOfView, noCourse } from "./entry.js";
import type { EventStream } from "./event-stream.js";
import { frameOf } from "./event-stream.js";
import type { LiveStudies } from "./live-studies.js";
import { sparklineOf } from "./figures.js";

/** Milliseconds between two frames; what comes after a while of quiet is told at once. */
const PAUSE = 100;
/** Milliseconds between signs of life. */
const BEAT = 15_000;
/** Milliseconds after which a course that has changed is looked at again. */
const COURSE_AGE = 10_000;
/** Courses that are looked up for a list. */
const MOST_COURSES = 200;

interface KeptCourse {
  readonly created_at: string;
  readonly finished: number;
  readonly at: number;
  readonly course: Course;
}

interface Client {
  readonly stream: EventStream;
  readonly maySee: (name: string) => boolean;
}

/** The entries of all studies. */
export class StudyList {
  readonly #host: StudyHost;
  readonly #live: LiveStudies;
  readonly #analysis: Analysis;
  readonly #clients = new Set<Client>();
  readonly #courses = new Map<string, KeptCourse>();
  readonly #wanted = new Map<string, HostedStudy>();
  readonly #changed = new Set<string>();
  readonly #removed = new Set<string>();
  #frames: number;
  #looking = false;
  #closed = false;
  #timer: NodeJS.Timeout | null = null;
  #telling = false;
  #toldAt = -Infinity;
  #beat: NodeJS.Timeout | null = null;
  #unwatch: (() => void) | null = null;

  constructor(host: StudyHost, live: LiveStudies, analysis: Analysis) {
    [this.#host, this.#live, this.#analysis] = [host, live, analysis];
    // Another service's counter says nothing here.
    this.#frames = Date.parse(host.startedAt);
  }

  /** Every study that somebody may see. */
  async all(maySee: (name: string) => boolean): Promise<StudyListData> {
    const { studies, unread } = await this.#host.list();
    const seen = studies.filter(({ summary }) => maySee(summary.name));
    return { studies: seen.map((one) => this.entry(one)), unread: unread.filter(({ name }) => maySee(name)) };
  }

  /** The entry of a study. */
  entry(hosted: HostedStudy): StudyEntry {
    const { name } = hosted.summary;
    const live = this.#live.current(name);
    if (live) return entryOfView(live.view, live.figures);
    return entryOfHosted(hosted, this.#courseOf(hosted));
  }

  /** Lets a client hear of changes. @param lastId the last frame that it has */
  join(stream: EventStream, { maySee, lastId }: { maySee: Client["maySee"]; lastId: number | null }): () => void {
    const client = { stream, maySee };
    this.#clients.add(client);
    this.#unwatch ??= this.#host.watch(({ changed, removed }) => {
      for (const name of changed) {
        this.#changed.add(name);
        this.#removed.delete(name);
      }
      for (const name of removed) {
        this.#removed.add(name);
        this.#changed.delete(name);
        this.#courses.delete(name);
      }
      this.#schedule();
    });
    this.#beat ??= setInterval(() => {
      for (const one of this.#clients) one.stream.beat();
    }, BEAT).unref();
    stream.send(frameOf("hello", "{}", this.#frames));
    if (lastId !== null && lastId !== this.#frames) stream.send(this.resetFrame());
    return () => {
      this.#clients.delete(client);
      if (this.#clients.size === 0) this.#rest();
    };
  }

  /** Has a client fetch the list anew. */
  resetFrame(): Buffer {
    return frameOf("reset", "{}", this.#frames);
  }

  close(): void {
    this.#closed = true;
    this.#wanted.clear();
    for (const { stream } of this.#clients) stream.end();
    this.#clients.clear();
    this.#rest();
  }

  #rest(): void {
    this.#unwatch?.();
    this.#unwatch = null;
    if (this.#beat) clearInterval(this.#beat);
    if (this.#timer) clearTimeout(this.#timer);
    [this.#beat, this.#timer] = [null, null];
    this.#changed.clear();
    this.#removed.clear();
  }

  #schedule(): void {
    if (this.#telling) return;
    const after = Math.max(0, this.#toldAt + PAUSE - performance.now());
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#telling = true;
      void this.#tell().finally(() => {
        this.#telling = false;
        if (this.#changed.size + this.#removed.size > 0) this.#schedule();
      });
    }, after).unref();
  }

  async #tell(): Promise<void> {
    this.#toldAt = performance.now();
    const [changed, removed] = [[...this.#changed], [...this.#removed]];
    this.#changed.clear();
    this.#removed.clear();
    const entries: StudyEntry[] = [];
    for (const name of changed) {
      try {
        entries.push(this.entry(await this.#host.get(name)));
      } catch {
        // Gone meanwhile, or not to be read: the list says it.
        removed.push(name);
      }
    }
    this.#frames += 1;
    const whole = this.#frame(entries, removed);
    for (const { stream, maySee } of this.#clients) {
      const own = entries.filter(({ name }) => maySee(name));
      const gone = removed.filter(maySee);
      const isWhole = own.length === entries.length && gone.length === removed.length;
      if (own.length + gone.length > 0) stream.send(isWhole ? whole : this.#frame(own, gone));
    }
  }

  #frame(entries: readonly StudyEntry[], removed: readonly string[]): Buffer {
    return frameOf("studies", stringifyJson({ entries, removed }), this.#frames);
  }

  /** What is known of a study's course; what is not, or is old, is looked up. */
  #courseOf(hosted: HostedStudy): Course {
    const { name, counts, created_at } = hosted.summary;
    const finished = counts.complete + counts.pruned + counts.failed;
    const kept = this.#courses.get(name);
    const own = kept?.created_at === created_at ? kept : undefined;
    const isOld = !own || (own.finished !== finished && performance.now() - own.at > COURSE_AGE);
    const hasNone = counts.complete === 0 || hosted.summary.objectives.length > 1;
    if (isOld && !hasNone && this.#wanted.size < MOST_COURSES && !this.#closed) {
      this.#wanted.set(name, hosted);
      void this.#look();
    }
    return own?.course ?? noCourse;
  }

  /** Looks up the courses that are wanted, one after another, beside the event loop. */
  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    for (const [name, { summary }] of this.#wanted) {
      this.#wanted.delete(name);
      try {
        const { created_at, revision } = summary;
        const text = await this.#analysis.ask("course", { study: { name, created_at, revision } });
        const { finished, steps } = JSON.parse(text) as { finished: number; steps: [number, number][] };
        const course = { ...noCourse, sparkline: sparklineOf(steps, finished) };
        this.#courses.set(name, { created_at, finished, at: performance.now(), course });
        if (this.#clients.size > 0) {
          this.#changed.add(name);
          this.#schedule();
        }
      } catch {
        // A list without a sparkline is one all the same.
        const { counts, created_at } = summary;
        const finished = counts.complete + counts.pruned + counts.failed;
        this.#courses.set(name, { created_at, finished, at: performance.now(), course: noCourse });
      }
    }
    this.#looking = false;
  }
}
