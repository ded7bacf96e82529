/** What is typed to evaluate trials elsewhere: asked for by key and by name, here and at a service, and exported. */
import { expect, test } from "vitest";
import { createStudy } from "../../../src/app/create-study.js";
import { float } from "../../../src/core/index.js";
import { readTrialCsv } from "../../../src/exchange/trial-csv.js";
import { typed } from "../../fixtures/cli/typed.js";
import { aHostedService } from "../service/a-hosted-service.js";

interface Asked {
  readonly number: number;
  readonly lease: { readonly token: string; readonly seconds: number } | null;
}

test("the same key gets the same trial, another one another; who asks is kept, and stands last in the CSV", async () => {
  const { folder, url, token } = await aHostedService();
  for (const [name, to] of [
    ["near", ["--storage", folder]],
    ["far", ["--server", `${url}#token=${token}`]],
  ] as const) {
    const study = await createStudy({ name, storage: folder, space: { x: float(0, 1) }, seed: 1, sampler: "random" });
    await study.close();
    const said = async (...words: string[]): Promise<string> => {
      const { code, out, err } = await typed([...words, ...to]);
      expect([code, err], words.join(" ")).toEqual([0, ""]);
      return out;
    };
    const ask = async (...words: string[]): Promise<Asked> =>
      JSON.parse(await said("ask", name, ...words, "--format", "json")) as Asked;
    const first = await ask("--key", "run-7", "--worker", 'rig, "3"');
    expect(first).toMatchObject({ number: 0, lease: { seconds: 300 } });
    expect(await ask("--key", "run-7", "--worker", 'rig, "3"')).toEqual(first);
    const second = await ask("--key", "run-8", "--lease", "60");
    expect(second).toMatchObject({ number: 1, lease: { seconds: 60 } });
    expect((await ask()).number).toBe(2);
    await said("tell", name, "--trial-number", "0", "--value", "0.5", "--lease", first.lease?.token ?? "");
    const records = JSON.parse(await said("trials", name, "--format", "json")) as { worker?: string }[];
    expect(records.map(({ worker }) => worker)).toEqual(['rig, "3"', undefined, undefined]);
    const [head = "", row = "", next = ""] = (await said("export", name, "--to", "csv")).split("\n");
    expect(head.split(",").at(-1)).toBe("worker");
    expect(row.endsWith(',"rig, ""3"""')).toBe(true);
    expect(next.endsWith(",")).toBe(true);
    const { trials, notes } = readTrialCsv(await said("export", name, "--to", "csv"));
    expect([trials[0]?.worker, notes]).toEqual(['rig, "3"', []]);
  }
  for (const [words, message] of [
    [["--key", "a b"], /^error: --key: expected 1 to 255 printable ASCII characters[^\n]*\n$/],
    [["--key", ""], /^error: --key: expected 1 to 255[^\n]*\n$/],
    [["--worker", "a\u001bb"], /^error: worker must be a text of 1 to 200 printable characters\n$/],
  ] as const)
    expect(await typed(["ask", "near", ...words, "--storage", folder])).toEqual({
      ...{ code: 2, out: "", err: expect.stringMatching(message) as string },
    });
});
