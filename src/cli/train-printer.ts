/** What `train` shows of its runs while they go on: events as lines of JSON, or a view for people. */
import { stringifyJson } from "../core/index.js";
import type { CheckpointEvent, EpochEvent, FinishEvent, FinishOfPart, RunEvent } from "../core/index.js";
import type { RunResult } from "../training/run-types.js";
import { printDetail, printJson, printLine, printNote, printNotice } from "./io.js";
import type { CliIo } from "./io.js";
import { sizeOf } from "./terminal.js";
import { hangText } from "./text-layout.js";
import { createTrainView } from "./train-view.js";
import type { TrainView } from "./train-view.js";

/** What is shown of the runs of one command. */
export interface RunPrinter {
  /** @param part its name; null for the mean of all parts, and for a run without */
  onEvent(event: RunEvent, part?: string | null): Promise<void>;
  stop(): void;
  end(result: RunResult): void;
}

function sayKept({ path, kept }: CheckpointEvent): string {
  return `${path} was of another dataset or configuration: it is kept as ${kept}`;
}

/** An event as a line: a part's with its name as `fold`, the mean's last one with the parts' own as `folds`. */
function lineOf(event: EpochEvent | FinishEvent, part: string | null): object {
  const { parts, fold: _cells, block: _block, label: _label, ...numbers } = event as Partial<FinishOfPart>;
  if (part !== null) return { ...numbers, fold: part };
  const folds =
    event.event === "finish" ? parts?.map((own) => [own.label, lineOf(own, own.label)] as const) : undefined;
  return folds ? { ...numbers, folds: Object.fromEntries(folds) } : numbers;
}

/** What `--verbose` tells of a run besides its epochs. */
function detailOf(event: RunEvent): string | null {
  switch (event.event) {
    case "start":
      return `run: at most ${event.epochs} epochs${event.epoch > 0 ? `, ${event.epoch} of them done before` : ""}`;
    case "epoch":
      return `epoch ${event.epoch}: ${stringifyJson(lineOf(event, null))}`;
    case "checkpoint":
      return `epoch ${event.epoch}: best so far, weights written to ${event.path}`;
    case "finish":
      return `run: metrics ${stringifyJson(event.metrics)}; baselines ${stringifyJson(event.baselines)}`;
  }
}

/** @param backendGiven whether the user chose the backend: then it is not told again */
export function createRunPrinter(
  io: CliIo,
  { json, backendGiven }: { json: boolean; backendGiven: boolean },
): RunPrinter {
  let view: TrainView | undefined;
  const earlier: string[] = [];
  return {
    onEvent: async (event, part = null) => {
      if (event.event === "start") view = await createTrainView(io, event.epochs, json);
      if (json && (event.event === "epoch" || event.event === "finish")) printJson(io.stdout, lineOf(event, part));
      if (event.event === "epoch" && part === null) view?.epoch(event);
      const detail = detailOf(event);
      if (detail !== null) printDetail(io.stderr, () => (part === null ? detail : `${part}: ${detail}`));
      if (event.event === "checkpoint" && event.kept !== undefined) earlier.push(sayKept(event));
    },
    stop: () => view?.stop(),
    end: ({ backend, kernels, warnings }) => {
      for (const line of earlier.splice(0)) printLine(io.stderr, hangText(line, sizeOf(io.stderr).columns, 2));
      if (!backendGiven && backend.name !== "wasm")
        printNote(io.stderr, `backend: ${backend.name} ${backend.version}, kernels: ${kernels}`);
      else printDetail(io.stderr, () => `backend: ${backend.name} ${backend.version}, kernels: ${kernels}`);
      if (!json) for (const warning of warnings) printNotice(io.stderr, "warning", warning);
    },
  };
}
