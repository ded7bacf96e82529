/** `mlbench-hpo logs`: what a trial has printed, and with --follow what it prints. */
import type { CommandContext, CommandDefinition } from "../command.js";
import { parseFormat, printJson, printLine, shown } from "../io.js";
import type { CliIo } from "../io.js";
import { formatOption } from "../shared-options.js";
import { addStudyOptions, addTrialArgument, resolveStudy, trialArgument } from "../study-ref.js";
import type { StudyOptions, StudyRef } from "../study-ref.js";
import { writeText } from "../write-text.js";
import type { LogPiece } from "../../app/watch-study.js";

interface LogsOptions extends StudyOptions {
  readonly follow?: boolean;
  readonly format: string;
}

/** `mlbench-hpo logs N`: what trial N printed. */
export const logsCommand: CommandDefinition = (program, context) => {
  addTrialArgument(addStudyOptions(program.command("logs"), { positional: false }))
    .description("print a trial's log")
    .option("-f, --follow", "go on as the trial prints more, until it ends; a waiting trial is waited for")
    .addOption(formatOption(["table", "json"]))
    .action(async (words: string[], options: LogsOptions) => {
      const { study, number } = trialArgument("logs", words);
      const json = parseFormat(options.format) === "json";
      const ref = await resolveStudy(options, study);
      const printer = json ? new JsonLines(context.io, number) : new PlainLog(context.io, number);
      if (options.follow) return follow(ref, number, printer, context);
      const { trialLog } = await import("../../app/read-study.js");
      for await (const text of await trialLog(ref, number)) await printer.print({ text });
      printer.end();
    });
};

async function follow(ref: StudyRef, number: number, printer: LogPrinter, { io, setExitCode }: CommandContext) {
  const [{ followLog }, { withInterrupt }, { untilReaderGoes }] = await Promise.all([
    import("../../app/watch-study.js"),
    import("../interrupt.js"),
    import("../reader.js"),
  ]);
  await withInterrupt(async (interrupt) => {
    const signal = untilReaderGoes(io.stdout, interrupt);
    for await (const piece of followLog(ref, number, { signal })) await printer.print(piece);
    printer.end();
    if (interrupt.aborted) setExitCode(130);
  });
}

interface LogPrinter {
  print(piece: LogPiece): Promise<void> | void;
  end(): void;
}

/** The log as it is; what there is to say of the trial goes to stderr. */
class PlainLog implements LogPrinter {
  readonly #io: CliIo;
  readonly #number: number;
  /** To a file or a pipe the log goes as it is; a carriage return is what progress bars are made of. */
  readonly #safe: (text: string) => string;

  constructor(io: CliIo, number: number) {
    this.#io = io;
    this.#number = number;
    this.#safe = io.stdout.isTTY === true ? (text) => shown(text.replaceAll("\r\n", "\n")) : String;
  }

  async print(piece: LogPiece): Promise<void> {
    if (piece.text !== undefined) return writeText(this.#io.stdout, this.#safe(piece.text));
    const { state, abandoned } = piece;
    const words = abandoned
      ? "the process that ran it has gone; the next optimize reruns it"
      : state === "waiting"
        ? "it waits; its log comes when it runs"
        : null;
    if (words !== null) printLine(this.#io.stderr, `trial ${this.#number}: ${words}`);
  }

  end(): void {}
}

/** One JSON object a line: `{"event":"line","number","text"}` and `{"event":"state","number","state"}`. */
class JsonLines implements LogPrinter {
  readonly #io: CliIo;
  readonly #number: number;
  #rest = "";

  constructor(io: CliIo, number: number) {
    this.#io = io;
    this.#number = number;
  }

  print(piece: LogPiece): void {
    const number = this.#number;
    if (piece.text === undefined) {
      if (piece.state !== "waiting" && piece.state !== "running") this.end();
      printJson(this.#io.stdout, { event: "state", number, state: piece.state, abandoned: piece.abandoned });
      return;
    }
    const lines = (this.#rest + piece.text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const text of lines) printJson(this.#io.stdout, { event: "line", number, text });
  }

  /** A last line without its end is one all the same. */
  end(): void {
    if (this.#rest !== "") printJson(this.#io.stdout, { event: "line", number: this.#number, text: this.#rest });
    this.#rest = "";
  }
}
