/** The files that docs/service.md hands its reader, the unit of systemd and the container's, hold what they promise. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Script } from "node:vm";
import { Command } from "commander";
import { expect, onTestFinished, test } from "vitest";
import { serveCommand } from "../../../src/cli/commands/serve.js";
import { commandWords } from "../../../src/core/command-words.js";
import { projectRoot } from "../../integration/cli.js";

const page = readFileSync(join(projectRoot, "docs", "service.md"), "utf8");

/** The text of the page's only block of a language. */
function block(language: string): string {
  const found = [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"))];
  expect(found.length, language).toBe(1);
  return found[0]?.[1] ?? "";
}

/** What a line comes to that is to start the service: its options as `serve` reads them. */
async function optionsOf(words: readonly string[]): Promise<Record<string, unknown>> {
  const at = words.indexOf("mlbench-hpo");
  expect(words.slice(at, at + 2)).toEqual(["mlbench-hpo", "serve"]);
  const program = new Command();
  const { stdout, stderr } = process;
  await serveCommand(program, { io: { stdout, stderr }, argv: [], setExitCode: () => undefined });
  const serve = program.commands[0] as Command;
  const rest = serve.parseOptions(words.slice(at + 2));
  expect(rest).toEqual({ operands: [], unknown: [] });
  return serve.opts();
}

/** `KEY=VALUE` of a unit, by `Section.KEY`. */
function settingsOf(unit: string): ReadonlyMap<string, string> {
  let section = "";
  const settings = new Map<string, string>();
  for (const line of unit.split("\n").filter((text) => text !== "")) {
    const [, name] = /^\[(\w+)\]$/.exec(line) ?? [];
    const [, key = "", value = ""] = /^(\w+)=(.+)$/.exec(line) ?? [];
    if (name !== undefined) section = name;
    else expect(key, line).not.toBe("");
    if (name === undefined) settings.set(`${section}.${key}`, value);
  }
  return settings;
}

test("the unit starts `serve` where it may write, without a token in the journal, and gives it time to drain", async () => {
  const settings = settingsOf(block("ini"));
  const of = (key: string): string => settings.get(`Service.${key}`) ?? "";
  const words = commandWords("ExecStart", of("ExecStart"));
  // Of another program systemd wants the whole path.
  expect(words[0]).toBe("/usr/bin/env");
  const options = await optionsOf(words);
  expect(options).toMatchObject({
    printToken: false,
    host: "127.0.0.1",
    storage: expect.stringMatching(/^\//) as string,
  });
  expect(`${options["storage"] as string}/`.startsWith(`${of("ReadWritePaths")}/`)).toBe(true);
  expect(of("WorkingDirectory")).toBe(of("ReadWritePaths"));
  // As this page has it made.
  expect(page).toContain(`install -d -o ${of("User")} -g ${of("User")} ${of("WorkingDirectory")}\n`);
  expect(Number(of("TimeoutStopSec"))).toBeGreaterThan(options["grace"] as number);
  expect([of("KillSignal"), of("KillMode")]).toEqual(["SIGTERM", "mixed"]);
});

const analyze = spawnSync("systemd-analyze", ["--version"]).status === 0;
if (!analyze) console.log("skipped: systemd-analyze is not there");

test.skipIf(!analyze)("systemd finds nothing wrong with the unit", async () => {
  const folder = await mkdtemp(join(tmpdir(), "unit-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, "mlbench-hpo.service");
  await writeFile(file, block("ini"));
  const { status, stdout, stderr } = spawnSync("systemd-analyze", ["verify", file], { encoding: "utf8" });
  const own = stderr.split("\n").filter((line) => line.includes(file) || line.includes("mlbench-hpo.service"));
  expect([status, stdout, own]).toEqual([0, "", []]);
});

test("the container's file: a Node that the package takes, a folder that its user may write, and `serve` at the end", async () => {
  const instructions = block("dockerfile")
    .trimEnd()
    .split("\n")
    .map((line) => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)] as const);
  const all = (name: string): string[] => instructions.flatMap(([one, rest]) => (one === name ? [rest] : []));
  const one = (name: string): string => {
    const found = all(name);
    expect(found.length, name).toBe(1);
    return found[0] ?? "";
  };
  const { engines, name } = JSON.parse(readFileSync(join(projectRoot, "package.json"), "utf8")) as {
    readonly engines: { readonly node: string };
    readonly name: string;
  };
  const least = Number(/^>=(\d+)/.exec(engines.node)?.[1]);
  expect(Number(/^node:(\d+)-slim$/.exec(one("FROM"))?.[1])).toBeGreaterThan(least);
  expect(one("RUN")).toContain(`npm install -g ${name} `);
  const options = await optionsOf(JSON.parse(one("ENTRYPOINT")) as string[]);
  // Where a container's port is published from, and not in the clear: a proxy is in front.
  expect(options).toMatchObject({ host: "0.0.0.0", behindProxy: true, printToken: false });
  expect(one("EXPOSE")).toBe(String(options["port"]));
  const folder = one("VOLUME");
  expect(folder).toBe(join(one("WORKDIR"), options["storage"] as string));
  // A volume has the owner that the folder had before: made for the user, by root, who comes first.
  const user = one("USER");
  expect(one("RUN")).toMatch(new RegExp(`useradd -m ${user} && install -d -o ${user} -g ${user} ${folder}$`));
  const order = instructions.map(([instruction]) => instruction);
  expect(order.indexOf("RUN")).toBeLessThan(order.indexOf("USER"));
  expect(order.indexOf("USER")).toBeLessThan(order.indexOf("VOLUME"));
  expect(dirname(folder)).toBe(`/home/${user}`);
  expect(one("STOPSIGNAL")).toBe("SIGTERM");
  const [, check] = /^CMD (\[.*\])$/.exec(one("HEALTHCHECK")) ?? [];
  const [program, flag, script = ""] = JSON.parse(check ?? "[]") as string[];
  expect([program, flag]).toEqual(["node", "-e"]);
  expect(script).toContain(`http://127.0.0.1:${options["port"] as number}/health`);
  expect(() => new Script(script)).not.toThrow();
});
