/** A service over a real host and studies in files, asked over the network, for the tests of routes. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { z } from "zod";
import { createStudy } from "../../../src/app/create-study.js";
import type { ObjectiveTrial } from "../../../src/core/index.js";
import { blankTrial, createStudyState, float } from "../../../src/core/index.js";
import type { StudyHeader, Trial } from "../../../src/core/index.js";
import { InlineExecutor } from "../../../src/executors/inline.js";
import { openStudyHost } from "../../../src/host/index.js";
import type { StudyHost } from "../../../src/host/index.js";
import type { ServiceOptions } from "../../../src/service/server.js";
import { createService } from "../../../src/service/server.js";

/** What a request may carry. */
export interface Asked {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly token?: string;
}

/** A service that listens, with its folder of studies. */
export interface HostedService {
  readonly host: StudyHost;
  readonly folder: string;
  readonly url: string;
  readonly token: string;
  /** A token of these scopes, for these studies. */
  readonly newToken: (scopes: readonly ("read" | "run" | "worker" | "admin")[], studies?: string[]) => Promise<string>;
  /** The answer of `/api/v1` + path. */
  readonly ask: (path: string, asked?: Asked) => Promise<Response>;
  /** The JSON of an answer that has this status, checked by its schema. */
  readonly get: <S extends z.ZodType>(
    path: string,
    schema: S,
    asked?: Asked & { status?: number },
  ) => Promise<z.output<S>>;
  /** Status and code of a refusal. */
  readonly refused: (path: string, asked?: Asked) => Promise<[status: number, code: string, detail: string]>;
}

/** Opens one; everything is closed when the test ends. */
export async function aHostedService(
  options: Partial<ServiceOptions> & {
    objective?: (trial: ObjectiveTrial) => number | Promise<number>;
    places?: number;
    /** How long running trials may take to end. */
    graceMs?: number;
    /** Whether requests may name files of its folder. */
    mayRun?: boolean;
    /** Whether they may have a shell run a line. */
    allowShell?: boolean;
  } = {},
): Promise<HostedService> {
  const {
    objective = (trial) => trial.params["x"] as number,
    places = 2,
    graceMs = 100,
    mayRun,
    allowShell,
    ...service
  } = options;
  const root = await mkdtemp(join(tmpdir(), "routes-"));
  const folder = join(root, "studies");
  const executor = new InlineExecutor({ objective, slots: places });
  const host = await openStudyHost({
    storage: folder,
    executor,
    graceMs,
    allow: mayRun ? [root] : [],
    allowShell,
  });
  const { context, listen, close } = await createService({
    host,
    storageDir: folder,
    options: { version: "0.0.0-test", port: 0, checkAnswers: true, limits: { requestsPerSecond: 10_000 }, ...service },
  });
  const url = await listen();
  onTestFinished(async () => {
    await close();
    await host.close({ graceMs: 0 });
    await rm(root, { recursive: true, force: true });
  });
  const token = context.tokens.first ?? "";
  const ask = (path: string, asked: Asked = {}): Promise<Response> => {
    const { method = asked.body === undefined ? "GET" : "POST", body, headers = {} } = asked;
    return fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${asked.token ?? token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
  };
  return {
    ...{ host, folder, url, token, ask },
    newToken: async (scopes, studies) =>
      (await context.tokens.create({ name: "other", scopes, studies: studies ?? null, expiresAt: null })).text,
    get: async (path, schema, asked = {}) => {
      const answer = await ask(path, asked);
      const text = await answer.text();
      if (answer.status !== (asked.status ?? 200)) throw new Error(`${path}: ${answer.status} ${text}`);
      return schema.parse(JSON.parse(text));
    },
    refused: async (path, asked = {}) => {
      const answer = await ask(path, asked);
      const { code, detail, status } = (await answer.json()) as { code: string; detail: string; status: number };
      if (status !== answer.status) throw new Error(`${path}: status ${answer.status} and ${status} in its problem`);
      return [answer.status, code, detail];
    },
  };
}

/** A study `bowl` with finished trials: x from -5 to 5, the value its square, reports on the way. */
export async function aBowl(folder: string, trials = 6, name = "bowl"): Promise<void> {
  const study = await createStudy({
    ...{ name, storage: folder, space: { x: float(-5, 5) }, seed: 7, sampler: "random" },
    pruner: { name: "median", options: { n_startup_trials: 2, n_warmup_steps: 0, n_min_trials: 1 } },
  });
  await study.optimize(
    async (trial) => {
      const value = trial.params.x ** 2;
      for (let step = 1; step <= 3; step++) trial.report(value + 1 / step, step);
      return value;
    },
    { trials },
  );
  await study.close();
}

/** Records of a study that never ran: every state, failures, constraints, metrics. */
export function manyTrials(count: number): Trial[] {
  const states = ["complete", "complete", "pruned", "complete", "failed"] as const;
  return Array.from({ length: count }, (_, number) => {
    const state = states[number % states.length] as (typeof states)[number];
    const value = Math.abs(Math.sin(number * 12.9898)) + 1 / (number + 1);
    return blankTrial(number, {
      state,
      values: state === "complete" ? [value] : null,
      params: {
        "train.lr": 10 ** -(1 + (number % 40) / 10),
        "model.units": 8 + (number % 25),
        kind: number % 2 ? "a" : "b",
      },
      intermediate: Array.from({ length: 10 }, (_x, i) => [i + 1, value + 1 / (i + 1)] as const),
      seen: Array.from({ length: 10 }, () => number),
      finish_index: number,
      metrics:
        state === "failed" ? {} : { best: { val_rmse: value, seconds: 3 + (number % 7) }, last: { val_rmse: value } },
      constraints: number % 3 ? {} : { "parameters<=100": (number % 5) - 2 },
      started_at: new Date(1.7e12 + number * 1000).toISOString(),
      finished_at: new Date(1.7e12 + number * 1000 + 2500).toISOString(),
      seconds: 2.5,
      seed: number,
      owner: `${100 + (number % 3)}@boot`,
      slot: number % 4,
      failure: state === "failed" ? { class: "exception", message: "broke", where: "objective" } : null,
      prune_reason: state === "pruned" ? "step 10: best 1 > median 0.5 of 9 trials" : null,
    });
  });
}

const header = (name: string): StudyHeader => ({
  ...{
    name,
    objectives: [{ metric: "value", direction: "minimize" }],
    created_at: "2026-01-02T03:04:05.000Z",
    seed: 1,
  },
  ...{ task: {}, sampler: { name: "random", options: {} }, pruner: { name: "nop", options: {} }, user_attrs: {} },
  space: {
    "train.lr": { type: "float", low: 1e-5, high: 0.1, log: true, step: null },
    "model.units": { type: "int", low: 8, high: 32, log: false, step: 1 },
    kind: { type: "categorical", choices: ["a", "b"] },
  },
  settings: {
    ...{ trial_value: "best", on_nan: "fail", on_duplicate: "run", dry_run_pruner: false },
    ...{ plugins: [], objective: null, data_files: [], accepted_changes: [] },
  },
});

/** Stores a study of so many synthetic trials. */
export async function aLargeStudy(host: StudyHost, count: number, name = "large"): Promise<void> {
  await host.storage.createFrom?.(createStudyState(header(name), manyTrials(count), { revision: count }), null);
}
