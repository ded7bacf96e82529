/** How much a command tells: quiet, verbose, and the log that hears every line for people. */
import type { LogFile } from "../io/log-file.js";

/** What the options of every command come to. */
export interface TellerSettings {
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly log: LogFile | null;
}

/** A line for people that came before it was known how much is wanted. */
interface Early {
  readonly stream: NodeJS.WritableStream | null;
  readonly line: string;
}

/** Stands between a command and its streams for as long as the command runs. */
export class Teller {
  #settings: TellerSettings | null = null;
  #early: Early[] = [];
  /** What is the matter with the log, once it cannot be written any more. */
  logFailure: unknown = null;

  /** @param print writes a line for people to a stream */
  constructor(private readonly print: (stream: NodeJS.WritableStream, line: string) => void) {}

  get quiet(): boolean {
    return this.#settings?.quiet === true;
  }

  get verbose(): boolean {
    return this.#settings?.verbose === true;
  }

  /** Whether somebody hears details. */
  get hearsDetails(): boolean {
    return this.verbose || this.hearsRecord;
  }

  /** Whether there is a log. */
  get hearsRecord(): boolean {
    return this.#settings !== null && this.#settings.log !== null && this.logFailure === null;
  }

  /** How much is wanted is known from here on; what was said before is told now. */
  settle(settings: TellerSettings): void {
    this.#settings = settings;
    for (const { stream, line } of this.#early.splice(0))
      if (stream) this.detail(stream, () => line);
      else this.record(line);
  }

  get settled(): boolean {
    return this.#settings !== null;
  }

  /** A line for the log alone. */
  record(line: string): void {
    if (!this.#settings) return void this.#early.push({ stream: null, line });
    if (!this.#settings.log || this.logFailure !== null) return;
    try {
      this.#settings.log.write(line);
    } catch (error) {
      this.logFailure = error;
      this.onLogFailure(error);
    }
  }

  /** Hears once that the log ends here. */
  onLogFailure: (error: unknown) => void = () => {};

  /** What helps to understand: shown with `--verbose`, and always in the log. */
  detail(stream: NodeJS.WritableStream, line: () => string): void {
    if (!this.#settings) return void this.#early.push({ stream, line: line() });
    if (this.verbose) this.print(stream, line());
    else if (this.hearsRecord) this.record(line());
  }

  close(): void {
    this.#settings?.log?.close();
    this.#settings = null;
  }
}

const tellers = new WeakMap<NodeJS.WritableStream, Teller>();

/** The teller of the command that writes to a stream; none outside of a command. */
export function tellerOf(stream: NodeJS.WritableStream): Teller | undefined {
  return tellers.get(stream);
}

/** Puts a teller before streams until the returned function is called. */
export function stand(teller: Teller, streams: readonly NodeJS.WritableStream[]): () => void {
  const before = streams.map((stream) => tellers.get(stream));
  for (const stream of streams) tellers.set(stream, teller);
  return () => {
    for (const [i, stream] of streams.entries()) {
      const earlier = before[i];
      if (earlier) tellers.set(stream, earlier);
      else tellers.delete(stream);
    }
  };
}
