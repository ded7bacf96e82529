// What axe-core finds wrong with a page for readers with assistive technology. It is no dependency of ours: `.ci/run` fetches
// it beside, and MLBENCH_AXE names its file; without one nothing is asked, which is printed once.
import { readFileSync } from "node:fs";

const path = process.env.MLBENCH_AXE;
const source = path === undefined ? null : readFileSync(path, "utf8");
if (source === null) console.log("axe-core is not asked (MLBENCH_AXE names its axe.min.js)");

export async function axeProblems(page) {
  if (source === null) return [];
  // The page's own policy lets no script in: this one comes through the debugger's door.
  await page.evaluate(source);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes
        .map(({ html, any }) => `${html.slice(0, 120)} ${any[0]?.message ?? ""}`)
        .slice(0, 3)
        .join(" | ")}`,
  );
}
