/** Commands to a study as requests of the API, and their answers as the study itself would give them. */
import { randomUUID } from "node:crypto";
import { MlbenchError, noServedRun, UsageError } from "../core/index.js";
import type { Annotation, StudyAnnotation, Trial } from "../core/index.js";
import type { HandedTrialAnswer, ReportAnswerBody } from "../service/schemas/outside.js";
import type { RunChange } from "../service/schemas/runs.js";
import type { StudyDetail } from "../service/schemas/studies.js";
import type { TrialDetail } from "../service/schemas/trials.js";
import type { CommandAnswers, StudyCommand, TellResult } from "../study/commands.js";
import { part } from "./client.js";
import type { ServiceClient } from "./client.js";

type Answer = CommandAnswers[StudyCommand["type"]];

/** @throws what the service answers, with its code; UsageError `not-remote` for what the API does not have. */
export async function sendCommand(client: ServiceClient, study: string, command: StudyCommand): Promise<Answer> {
  const path = `/studies/${part(study)}`;
  switch (command.type) {
    case "ask":
      return ask(client, path, command);
    case "tell":
      return tell(client, `${path}/trials/${command.number}`, command.result);
    case "report": {
      const { type: _type, number, ...report } = command;
      const body = { ...report, lease: requireLease(report.lease) };
      return (await client.json<ReportAnswerBody>(`${path}/trials/${number}/reports`, { body })).answer;
    }
    case "heartbeat": {
      const body = { lease: requireLease(command.lease) };
      return (await client.json<ReportAnswerBody>(`${path}/trials/${command.number}/heartbeat`, { body })).answer;
    }
    case "enqueue": {
      const { params, userAttrs } = command;
      const body = { params, ...(userAttrs ? { user_attrs: userAttrs } : {}) };
      return client.json<Trial>(`${path}/trials`, { body });
    }
    case "retry":
      return client.json<Trial>(`${path}/trials/${command.number}/retry`, { method: "POST" });
    case "stop-trial":
      return client.json<Trial>(`${path}/trials/${command.number}/stop`, { method: "POST" });
    case "annotate": {
      const { number, change } = command;
      const of = { method: "PATCH", body: change } as const;
      const { annotation } = await client.json<TrialDetail>(`${path}/trials/${number}`, of);
      return annotation satisfies Annotation;
    }
    case "annotate-study": {
      const of = { method: "PATCH", body: command.change } as const;
      const { note, archived_at } = await client.json<StudyDetail>(path, of);
      return { note, archived_at } satisfies StudyAnnotation;
    }
    case "set-user-attr":
      if (command.trial !== undefined) throw notThere("an attribute of a trial is set by whoever runs it");
      await client.json(path, { method: "PATCH", body: { user_attrs: { [command.key]: command.value } } });
      return null;
    case "pause":
      return control(client, study, { state: "paused" });
    case "resume":
      return control(client, study, { state: "running" });
    case "stop":
      return control(client, study, { state: "stopping" });
    case "cancel":
      return control(client, study, { state: "cancelled" });
    case "set-share": {
      const { type: _type, ...change } = command;
      return control(client, study, change);
    }
  }
}

function notThere(why: string): UsageError {
  return new UsageError("not-remote", `a service does not do that: ${why}`);
}

async function ask(
  client: ServiceClient,
  path: string,
  { space, lease, key, worker }: Extract<StudyCommand, { type: "ask" }>,
): Promise<Answer> {
  if (space) throw notThere("a study's trials are drawn from the study's own space");
  const answer = await client.json<HandedTrialAnswer | null>(`${path}/ask`, {
    body: { ...(lease === undefined ? {} : { lease_seconds: lease }), ...(worker === undefined ? {} : { worker }) },
    headers: { "idempotency-key": key ?? randomUUID() },
  });
  if (answer) return answer;
  throw new MlbenchError("nothing-to-ask", "nothing is handed out now: the study's run is paused or stopping");
}

async function tell(client: ServiceClient, path: string, result: TellResult): Promise<Answer> {
  const { userAttrs, lease, ...rest } = result;
  const body = { ...rest, lease: requireLease(lease), ...(userAttrs ? { user_attrs: userAttrs } : {}) };
  await client.json(`${path}/tell`, { body });
  const {
    annotation: _annotation,
    files: _files,
    duplicates: _duplicates,
    verdict: _verdict,
    ...record
  } = await client.json<TrialDetail>(path);
  return record as Trial;
}

/** Who is who over a network is told by the lease. @throws UsageError `invalid-option`. */
function requireLease(lease: string | undefined): string {
  if (lease !== undefined) return lease;
  throw new UsageError(
    "invalid-option",
    "a service knows whose a trial is by its lease: --lease TOKEN, as ask printed it",
  );
}

/** @throws MlbenchError `not-optimizing`, `study-locked` where another process runs it | UsageError `no-run`. */
async function control(client: ServiceClient, study: string, change: RunChange): Promise<null> {
  const path = `/studies/${part(study)}`;
  try {
    await client.json(`${path}/run`, { method: "PATCH", body: change });
    return null;
  } catch (error) {
    if (!(error instanceof MlbenchError) || error.code !== "no-run") throw error;
    const { owner } = await client.json<StudyDetail>(path);
    if (owner && !owner.here && owner.work === "optimize")
      throw new MlbenchError(
        "study-locked",
        `study "${study}" is being optimized by process ${owner.pid ?? "?"} on ${owner.host ?? "another machine"}, ` +
          "not by the service: tell it there",
      );
    if (change.state === undefined) throw noServedRun(study);
    throw new MlbenchError("not-optimizing", `study "${study}" is not being optimized`);
  }
}
