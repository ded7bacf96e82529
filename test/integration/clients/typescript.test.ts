/** The TypeScript client: its types are the API's, its paths stand in the API's description, and it works. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, expectTypeOf, onTestFinished, test } from "vitest";
import type {
  Answer,
  Distribution,
  HandedTrial as ClientsTrial,
  Result,
  ToldTrial as ClientsTold,
} from "../../../clients/typescript/mlbench-hpo.js";
import { choice, Client, HpoError, integer, real, TrialPruned } from "../../../clients/typescript/mlbench-hpo.js";
import { openStudyHost } from "../../../src/host/index.js";
import type {
  Distribution as ApiDistribution,
  HandedTrialAnswer,
  ReportAnswerBody,
  TellRequest,
  ToldTrial,
} from "../../../src/service/schemas/index.js";
import { ManualExecutor } from "../../fixtures/study/studies.js";
import { aService } from "../../unit/service/a-service.js";

async function client(): Promise<Client> {
  const storage = await mkdtemp(join(tmpdir(), "typescript-"));
  const host = await openStudyHost({ storage, executor: new ManualExecutor(1) });
  onTestFinished(async () => {
    await host.close({ graceMs: 0 });
    await rm(storage, { recursive: true });
  });
  const service = await aService({}, host);
  return new Client({ url: `${await service.listen()}/#token=${service.token}`, retrySeconds: 5 });
}

const space = { x: real(-5, 5), n: integer(1, 8, { log: true }), kind: choice(["a", null]) };
const plain = { sampler: "random", pruner: "nop", seed: 1 };

test("its types are what the service answers and takes", () => {
  expectTypeOf<HandedTrialAnswer>().toExtend<ClientsTrial>();
  expectTypeOf<ToldTrial>().toExtend<ClientsTold>();
  expectTypeOf<ReportAnswerBody["answer"]>().toEqualTypeOf<Answer>();
  expectTypeOf<Distribution>().toExtend<ApiDistribution>();
  expectTypeOf<keyof Result>().toEqualTypeOf<Exclude<keyof TellRequest, "lease">>();
});

test("its requests stand in the API's description", async () => {
  const text = await readFile("docs/reference/openapi.json", "utf8");
  const { paths } = JSON.parse(text) as { readonly paths: Readonly<Record<string, object>> };
  const known = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
  for (const what of ["ask", "trials/{number}/reports", "trials/{number}/heartbeat", "trials/{number}/tell"])
    expect(
      known.some((one) => one.startsWith("post ") && one.endsWith(`/studies/{study}/${what}`)),
      what,
    ).toBe(true);
});

test("evaluates trials, several at a time, until the run is over", async () => {
  const service = await client();
  const study = await service.createStudy({ name: "s", space, ...plain });
  await service.request("POST", "/studies/s/run", { total_trials: 8 });
  const seen = new Set<number>();
  await study.optimize(
    async (trial) => {
      seen.add(trial.number);
      expect(await trial.report(1, Number(trial.params["x"]) ** 2, { loss: NaN })).toBe("continue");
      if (trial.number === 3) throw new TrialPruned();
      return Number(trial.params["x"]) ** 2;
    },
    { concurrency: 3, worker: "ts" },
  );
  expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  const { trials } = (await service.request("GET", "/studies/s/trials")) as {
    trials: { state: string; worker: string }[];
  };
  expect(trials.map(({ state }) => state)).toEqual([
    "complete",
    "complete",
    "complete",
    "pruned",
    ...Array<string>(4).fill("complete"),
  ]);
  expect(trials[0]?.worker).toBe("ts");
  await expect(study.ask()).rejects.toMatchObject({ code: "run-finished", status: 410 });
});

test("an objective that throws fails its trial and ends the call", async () => {
  const service = await client();
  const study = await service.createStudy({ name: "s", space, ...plain });
  const broken = study.optimize(() => Promise.reject(new RangeError("too much")), { trials: 5 });
  await expect(broken).rejects.toThrow("too much");
  const { trials } = (await service.request("GET", "/studies/s/trials")) as {
    trials: { state: string; failure: object }[];
  };
  expect(trials).toMatchObject([{ state: "failed", failure: { message: "RangeError: too much" } }]);
});

test("errors have the service's codes, and nobody there is told", async () => {
  const service = await client();
  await expect(service.study("none").ask()).rejects.toMatchObject({ code: "unknown-study", status: 404 });
  const nobody = new Client({ url: "http://127.0.0.1:9", token: "t", retrySeconds: 0.2 });
  await expect(nobody.study("s").ask()).rejects.toBeInstanceOf(HpoError);
});

test("a lost lease ends the trial quietly", async () => {
  const service = await client();
  const study = await service.createStudy({ name: "s", space, ...plain });
  const trial = await study.ask({ leaseSeconds: 1 });
  await service.request("POST", "/studies/s/trials/0/stop");
  expect(await trial?.report(1, 1)).toBe("stop");
  expect(trial?.shouldPrune).toBe(true);
  trial?.release();
});
