/** A question to whoever sits at the terminal. */
import { once } from "node:events";
import { createInterface } from "node:readline/promises";

/** Where a question is asked, and answered. */
export interface Asked {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

/** What a question is answered with; the end of the input (Ctrl-D) is a no, Ctrl-C an interrupt. */
export async function askYesOrNo(question: string, { input, output }: Asked): Promise<"yes" | "no" | "interrupt"> {
  const interrupt = new AbortController();
  const asked = createInterface({ input, output, terminal: true });
  asked.once("SIGINT", () => interrupt.abort());
  const over = once(asked, "close").then(() => "");
  try {
    const answer = await Promise.race([asked.question(question, { signal: interrupt.signal }), over]);
    return /^y(es)?$/i.test(answer.trim()) ? "yes" : "no";
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "AbortError") throw error;
    if (interrupt.signal.aborted) return "interrupt";
    // The cursor still stands behind the question; an abort has ended that line.
    output.write("\n");
    return "no";
  } finally {
    asked.close();
  }
}
