/** The code of docs/ode.md, one block behind the other in a folder of one's own. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { projectRoot } from "../integration/cli.js";
import { blocksOf, PageFolder } from "./page.js";

interface Shown {
  readonly positions: readonly number[];
  readonly gradient: number;
  readonly eventTime: number;
  readonly soh: number;
}

test("the blocks of docs/ode.md run as they stand, and give what they are for", async () => {
  const code = blocksOf(await readFile(join(projectRoot, "docs", "ode.md"), "utf8")).map(({ text }) => text);
  expect(code).toHaveLength(2);
  const shown = `console.log(JSON.stringify({
    positions: path.map(([x]) => x), gradient: Object.values(grads)[0].dataSync()[0], eventTime, soh: state[0],
  }));`;
  const folder = await PageFolder.create();
  try {
    await folder.write("page.mjs", [...code, shown].join("\n"));
    const { code: exit, stdout, stderr } = await folder.run("node page.mjs");
    expect([exit, stderr]).toEqual([0, ""]);
    const { positions, gradient, eventTime, soh } = JSON.parse(stdout) as Shown;
    // A spring that is let go at 1: cos t.
    expect(positions).toEqual([0, 1, 2, 3].map((t) => expect.closeTo(Math.cos(t), 6) as number));
    // The sum of e^(r t) over t = 0, 10, 20 moves with r by that of t e^(r t); r is -0.1.
    expect(gradient).toBeCloseTo(10 * Math.exp(-1) + 20 * Math.exp(-2), 2);
    expect(soh).toBeCloseTo(0.8, 8);
    expect(eventTime).toBeGreaterThan(100);
  } finally {
    await folder.remove();
  }
});
