import { join } from "node:path";
import { expect, test } from "vitest";
import { createStudy } from "../../../src/app/create-study.js";
import { float } from "../../../src/core/index.js";
import { emptyFolder, runHere } from "../../integration/cli.js";

test("report writes a page, or takes a value, and says which when it cannot tell", async () => {
  const folder = await emptyFolder();
  const study = await createStudy({ storage: join(folder, "studies"), name: "s", space: { x: float(0, 1) }, seed: 1 });
  await study.ask();
  const said = async (...args: string[]) => {
    const { code, stdout, stderr } = await runHere(["report", ...args], folder);
    return { code, text: (stdout + stderr).trim() };
  };
  expect(await said("-o", "r.html")).toEqual({
    code: 0,
    text: expect.stringMatching(/^report: r\.html \(\d+ kB, \d+ charts, 1 trial\)$/) as string,
  });
  expect(await said("s", "0", "--step", "1", "--value", "0.5")).toEqual({ code: 0, text: "continue" });
  const refused: readonly (readonly [string[], RegExp])[] = [
    [[], /^error: report: give -o FILE\.html for a study's page, or a trial's number with --step and --value$/],
    [["s"], /^error: report: give -o/],
    [["0", "--step", "1"], /^error: report: --value is missing$/],
    [["0", "--value", "1"], /^error: report: --step is missing$/],
    [["s", "-o", "r.html", "--step", "1", "--value", "2"], /^error: report: --output writes a study's page/],
    [["s", "0", "-o", "r.html"], /^error: report s 0: a page is of one study: report s -o r\.html$/],
    [["s", "-o", "r.svg"], /^error: --output r\.svg: a report is a page, as in r\.html$/],
    [["t", "-o", "r.html"], /^error: no study "t"/],
  ];
  for (const [args, message] of refused) {
    const { code, text } = await said(...args);
    expect([code, text]).toEqual([2, expect.stringMatching(message) as string]);
  }
});
