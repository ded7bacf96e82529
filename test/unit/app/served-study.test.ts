/** What a service is asked for, in place of a folder. */
import { expect, test } from "vitest";
import { servedRequest } from "../../../src/app/served-study.js";

test("a program with its pattern and folder is asked for under the API's names; so is a shell's line", () => {
  const given = { command: "python fade.py --lr {lr}", cwd: "/srv/fade", search: { lr: "log:1e-4..1e-1" } };
  expect(servedRequest({ ...given, reportPattern: "loss (?<value>.*)", onNan: "prune" })).toEqual({
    ...given,
    ...{ report_pattern: "loss (?<value>.*)", on_nan: "prune" },
  });
  expect(servedRequest({ ...given, shell: true })).toEqual({ ...servedRequest(given), shell: true });
});
