/** Carries out commands on an open study. */
import type { Annotation, Params, StudyAnnotation, Trial } from "../core/index.js";
import { decodeNumber, MlbenchError } from "../core/index.js";
import type { ReportAnswer } from "../executors/executor.js";
import type {
  AnnotationChange,
  AskOptions,
  CommandAnswers,
  HandedTrial,
  ReportBatch,
  ReportPoint,
  ReportRequest,
  ShareChange,
  StudyAnnotationChange,
  StudyCommand,
  TellResult,
} from "./commands.js";

/** What commands act on: a study, as far as they need to know one. */
export interface CommandTarget {
  ask(options: AskOptions): Promise<HandedTrial>;
  tell(number: number, result: TellResult): Promise<Trial>;
  report(number: number, report: ReportRequest | ReportBatch): Promise<ReportAnswer>;
  heartbeat(number: number, given: { lease?: string | undefined }): Promise<ReportAnswer>;
  enqueueTrial(params: Params, options?: { userAttrs?: Readonly<Record<string, unknown>> }): Promise<Trial>;
  retry(number: number): Promise<Trial>;
  annotate(number: number, change: AnnotationChange): Promise<Annotation>;
  annotateStudy(change: StudyAnnotationChange): Promise<StudyAnnotation>;
  stopTrial(number: number): Promise<Trial>;
  setUserAttr(key: string, value: unknown, trial?: number): Promise<void>;
  pause(): void;
  resume(): void;
  requestStop(): void;
  cancel(): Promise<void>;
  setShare(change: ShareChange): Promise<void>;
  flush(): Promise<void>;
}

/** Numbers that JSON has no word for arrive as text. */
function decoded({ value, values, ...rest }: TellResult): TellResult {
  return {
    ...rest,
    ...(value === undefined ? {} : { value: decodeNumber(value) }),
    ...(values === undefined ? {} : { values: values.map((item) => decodeNumber(item) ?? item) }),
  };
}

function decodedPoint<T extends ReportPoint>(point: T): T {
  return { ...point, value: decodeNumber(point.value) ?? point.value };
}

/** Carries out a command; its answer comes when its effect is durable. @throws MlbenchError `unknown-command`. */
export async function handleCommand<C extends StudyCommand>(
  study: CommandTarget,
  command: C,
): Promise<CommandAnswers[C["type"]]>;
export async function handleCommand(study: CommandTarget, command: unknown): Promise<unknown>;
export async function handleCommand(study: CommandTarget, given: unknown): Promise<unknown> {
  const command = given as StudyCommand;
  switch (command.type) {
    case "ask": {
      const { type: _type, ...options } = command;
      const { number, attempt, params, seed, lease: granted } = await study.ask(options);
      return { number, attempt, params, seed, lease: granted } satisfies HandedTrial;
    }
    case "tell":
      return study.tell(command.number, decoded(command.result));
    case "report": {
      const { type: _type, number, ...given } = command;
      const report = "reports" in given ? { ...given, reports: given.reports.map(decodedPoint) } : decodedPoint(given);
      const answer = await study.report(number, report);
      await study.flush();
      return answer;
    }
    case "heartbeat":
      return study.heartbeat(command.number, { lease: command.lease });
    case "enqueue":
      return study.enqueueTrial(command.params, command.userAttrs ? { userAttrs: command.userAttrs } : {});
    case "retry":
      return study.retry(command.number);
    case "annotate":
      return study.annotate(command.number, command.change);
    case "annotate-study":
      return study.annotateStudy(command.change);
    case "stop-trial":
      return study.stopTrial(command.number);
    case "set-user-attr":
      await study.setUserAttr(command.key, command.value, command.trial);
      return null;
    case "pause":
      study.pause();
      return null;
    case "resume":
      study.resume();
      return null;
    case "stop":
      study.requestStop();
      return null;
    case "cancel":
      await study.cancel();
      return null;
    case "set-share": {
      const { type: _type, ...change } = command;
      await study.setShare(change);
      return null;
    }
    default:
      throw new MlbenchError("unknown-command", `unknown command ${JSON.stringify(given)}`);
  }
}
