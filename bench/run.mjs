// `npm run bench -- NAME …` runs bench/NAME.mjs (or .js, .py) with the arguments that follow; without a name it lists them.
import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL(".", import.meta.url));
const runners = { mjs: process.execPath, js: process.execPath, py: "python3" };
const files = readdirSync(folder).filter((file) => file !== "run.mjs" && file.split(".").at(-1) in runners);
const [name, ...rest] = process.argv.slice(2);
// A Python file beside a benchmark of the same name is its peer's side.
const file = Object.keys(runners)
  .map((extension) => `${name}.${extension}`)
  .find((candidate) => files.includes(candidate));
if (!file) {
  // What takes no options is a part of others.
  const isBenchmark = (f) => f.endsWith("js") && readFileSync(folder + f, "utf8").includes("parseArgs(");
  const names = [...new Set(files.filter(isBenchmark).map((f) => f.replace(/\.\w+$/, "")))];
  console.error(`${name ? `no benchmark "${name}"` : "name a benchmark"}: ${names.join(", ")}`);
  process.exit(2);
}
const { status } = spawnSync(runners[file.split(".").at(-1)], [folder + file, ...rest], { stdio: "inherit" });
process.exit(status ?? 1);
