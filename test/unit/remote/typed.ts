/** Commands typed in this process, and what they print. */
import { Writable } from "node:stream";
import { main } from "../../../src/cli/program.js";

/** Takes what a command prints; tells when a text has come. */
export class Sink extends Writable {
  text = "";
  #wake: () => void = () => undefined;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    this.#wake();
    done();
  }

  async until(part: string): Promise<void> {
    while (!this.text.includes(part)) await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}

/** What a command came to. */
export interface Typed {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line. */
export async function typed(
  argv: readonly string[],
  sinks = { stdout: new Sink(), stderr: new Sink() },
): Promise<Typed> {
  const code = await main(argv, sinks);
  return { code, out: sinks.stdout.text, err: sinks.stderr.text };
}
