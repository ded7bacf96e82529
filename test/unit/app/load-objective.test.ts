import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { loadObjective } from "../../../src/plugins/load-objective.js";
import { emptyFolder } from "../../fixtures/app/small-studies.js";

const space = '{ x: { type: "float", low: 0, high: 1 } }';

describe("an objective module", () => {
  it.each([
    ["of ES modules", "o.mjs", `export default (trial) => trial.params.x; export const space = ${space};`],
    ["of CommonJS", "o.cjs", `module.exports = (trial) => trial.params.x;`],
    [
      "as compilers write it for CommonJS",
      "compiled.cjs",
      `Object.defineProperty(exports, "__esModule", { value: true }); exports.default = (trial) => trial.params.x; exports.space = ${space};`,
    ],
  ])("%s is taken", async (_kind, file, text) => {
    const path = join(await emptyFolder(), file);
    await writeFile(path, text);
    const { objective, space: declared } = await loadObjective(pathToFileURL(path).href);
    expect(await objective({ params: { x: 0.25 } } as never)).toBe(0.25);
    expect(Object.keys(declared ?? {})).toEqual(text.includes("space") ? ["x"] : []);
  });
});
