// Draws the pictures of docs/plots.md anew, by the commands of the page, from the studies that its test has:
//   npm run build && node docs/plots/generate.mjs
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { main } from "../../dist/cli/program.js";

const page = readFileSync(new URL("../plots.md", import.meta.url), "utf8");
const storage = await mkdtemp(join(tmpdir(), "mlbench-hpo-plots-"));
for (const name of ["tuned", "traded"]) {
  const packed = readFileSync(new URL(`../../test/fixtures/plots/${name}.json.gz`, import.meta.url));
  writeFileSync(join(storage, `${name}.json`), gunzipSync(packed));
}
process.chdir(new URL(".", import.meta.url).pathname);
for (const [, line] of page.matchAll(/^mlbench-hpo (plot .*)$/gm)) {
  const code = await main([...line.split(" "), "--storage", storage, "-q"]);
  if (code !== 0) throw new Error(`${line}: exit code ${code}`);
}
await rm(storage, { recursive: true });
