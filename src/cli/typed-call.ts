/** A call that runs a study's trials as it was typed, and what it came to: here, or at a service. */
import type { OptimizeResult } from "../core/index.js";
import type { OptimizeStudyOptions, Study } from "../study/study.js";
import type { CallCliOptions } from "./call-options.js";
import type { CommandContext } from "./command.js";
import type { CliIo } from "./io.js";
import type { StudyRef } from "./study-ref.js";

/** What a call came to. */
export interface EndOfCall {
  readonly io: CliIo;
  readonly study: Pick<Study, "name" | "header" | "state">;
  /** Where the study is kept. */
  readonly file: string;
  readonly result: OptimizeResult;
}

/** A call as it was typed. */
export interface TypedCall {
  readonly ref: StudyRef;
  readonly options: CallCliOptions;
  readonly context: CommandContext;
  /** Whether an option stands in the line itself. @default none does */
  readonly typed?: (name: string) => boolean;
  /** A service's run is only started. @default false: it is followed to its end */
  readonly detach?: boolean;
  /** Its share of the service's places, against other studies. @default the service's */
  readonly weight?: number | undefined;
  /** How far it goes, where the study itself says so. @default what was typed */
  readonly goalOf?: (study: Study) => Pick<OptimizeStudyOptions, "trials" | "totalTrials">;
  /** For people; not called with `--format json`. */
  readonly printEnd: (end: EndOfCall) => void | Promise<void>;
  /** For programs, after the events. */
  readonly printJsonEnd?: (end: EndOfCall) => void | Promise<void>;
}
