import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile, stat, symlink, watch, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { delimiter, join, posix } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { requireTypes } from "../require-types.js";
import { emptyFolder, jsonLines, nasaDirectory, projectRoot } from "./cli.js";

const run = promisify(execFile);
const npm = process.platform === "win32" ? "npm.cmd" : "npm";

/** The tarball as a user gets it, without building again (`npm test` has built). */
async function pack(into: string): Promise<{ file: string; files: string[] }> {
  const { stdout } = await run(npm, ["pack", "--ignore-scripts", "--json", "--pack-destination", into], {
    cwd: projectRoot,
  });
  const parsed = JSON.parse(stdout) as Record<string, { filename: string; files: { path: string }[] }>;
  const manifest = Object.values(parsed)[0] as { filename: string; files: { path: string }[] };
  return { file: join(into, manifest.filename), files: manifest.files.map((file) => file.path) };
}

/** What an installation may take, our own package included. */
const MOST = { packages: 110, megabytes: 55 };

/** As `.ci/run` asks for: the declarations themselves and what they import are checked as well, which takes seconds. */
const thorough = process.env["MLBENCH_ALL_CONSUMERS"] !== undefined;

/** This checkout's types of Node, as an installation of `@types/node` would have them. */
async function linkNodeTypes(folder: string): Promise<void> {
  const types = join("node_modules", "@types", "node");
  await mkdir(join(folder, "node_modules", "@types"), { recursive: true });
  if (!existsSync(join(folder, types))) await symlink(join(projectRoot, types), join(folder, types));
}

/** Compiles a consumer's program with this checkout's compiler, libraries' own types checked as well unless told. */
async function compile(folder: string, ...options: string[]): Promise<void> {
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  await run(process.execPath, [tsc, "-p", "tsconfig.json", ...options], { cwd: folder }).catch(
    (error: { stdout?: string }) => {
      throw new Error(error.stdout);
    },
  );
}

/** Resolves when a file appears in a folder. */
async function appearing(directory: string, file: string): Promise<void> {
  for await (const event of watch(directory)) if (event.filename === file) return;
}

describe("the packed package in an empty folder", () => {
  let folder = "";
  let files: string[] = [];
  let warnings = "";
  beforeAll(async () => {
    requireTypes();
    const { mkdtemp } = await import("node:fs/promises");
    const { tmpdir } = await import("node:os");
    folder = await mkdtemp(join(tmpdir(), "mlbench-hpo-pack-"));
    const packed = await pack(folder);
    files = packed.files;
    await cp(join(projectRoot, "test", "consumer"), folder, { recursive: true });
    const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as Record<string, unknown>;
    await writeFile(
      join(folder, "package.json"),
      JSON.stringify({ ...manifest, dependencies: { "mlbench-hpo": `file:${packed.file}` } }),
    );
    const install = ["install", "--no-audit", "--no-fund", "--prefer-offline"];
    warnings = (await run(npm, install, { cwd: folder })).stderr;
  }, 180_000);

  test("brings nothing that wants a newer Node than it does itself", () => {
    expect(warnings).not.toContain("EBADENGINE");
  });

  test("holds what runs and nothing else", () => {
    expect(files).toEqual(
      expect.arrayContaining([
        "bin/mlbench-hpo.js",
        "dist/index.js",
        "dist/index.d.ts",
        "dist/index.d.cts",
        "dist/testing/index.js",
        "dist/testing/index.d.ts",
        "dist/vendor/tfjs.js",
        "dist/vendor/kernels-plain.wasm",
        "dist/vendor/kernels-relaxed.wasm",
        "dist/vendor/samplers.wasm",
        "LICENSE",
        "README.md",
      ]),
    );
    const types = ["src/tensor/tfjs.d.ts", "src/plots/echarts.d.ts"];
    expect(files.filter((file) => file.startsWith("src/")).sort()).toEqual([...types].sort());
    expect(
      files.filter((file) => /^(test|bench|\.)|\/\.|\.(mat|map|tsbuildinfo|stamp)$|node_modules/.test(file)),
    ).toEqual([]);
    // What this machine's compiler made need not run elsewhere, nor is its record true there.
    expect(files.filter((file) => /\.node$|native\.json$/.test(file) && !file.startsWith("prebuilds/"))).toEqual([]);
    // Bundled packages come with their licences.
    for (const name of ["tfjs", "echarts", "zod"]) expect(files).toContain(`dist/vendor/${name}.js.LICENSES.txt`);
  });

  test("its pages and comments name nothing that is not in it", async () => {
    const places = new Set(
      files.flatMap((file) => file.split("/").map((_, i, parts) => parts.slice(0, i + 1).join("/"))),
    );
    const texts = files.filter((file) => /\.(md|d\.ts|d\.cts|js|mjs)$/.test(file) && !file.startsWith("dist/vendor/"));
    const dead: string[] = [];
    for (const file of texts) {
      const text = await readFile(join(projectRoot, file), "utf8");
      const links = [...text.replace(/^```[\s\S]*?^```/gm, "").matchAll(/\]\(([^)\s#]+)(?:#[^)\s]*)?\)/g)]
        .map(([, link]) => link as string)
        .filter((link) => file.endsWith(".md") && !/^[a-z]+:/.test(link))
        .map((link) => posix.join(posix.dirname(file), link).replace(/\/$/, ""));
      const named = text.match(/(?<![\w./-])(?:docs|examples)\/[\w./-]*\.\w+\b/g) ?? [];
      // Pictures are shown where the repository is; nobody reads a package's pages with them.
      const wanted = [...links, ...named].filter((path) => !path.startsWith("docs/pictures/"));
      dead.push(...wanted.filter((path) => !places.has(path)).map((path) => `${file}: ${path}`));
    }
    expect(texts.length).toBeGreaterThan(100);
    expect(dead).toEqual([]);
  });

  test("is installed with few packages, in little room", async () => {
    const { stdout } = await run(npm, ["ls", "--all", "--parseable", "--omit=dev"], { cwd: folder });
    const packages = stdout.trim().split("\n").slice(1);
    const entries = await readdir(join(folder, "node_modules"), { recursive: true, withFileTypes: true });
    const sizes = await Promise.all(
      entries
        .filter((entry) => entry.isFile())
        .map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size),
    );
    const megabytes = sizes.reduce((sum, size) => sum + size, 0) / 1e6;
    console.log(
      `installed: ${packages.length} packages, ${megabytes.toFixed(1)} MB (at most ${MOST.packages}, ${MOST.megabytes} MB)`,
    );
    expect(packages.length).toBeLessThanOrEqual(MOST.packages);
    expect(megabytes).toBeLessThanOrEqual(MOST.megabytes);
  });

  test("brings its kernels or says why not, and what to do", async () => {
    const bin = join(folder, "node_modules", ".bin", "mlbench-hpo");
    const { stdout } = await run(bin, ["backends", "--format", "json"], { cwd: folder });
    const { kernels, native_origin } = JSON.parse(stdout) as {
      kernels: { name: string; reason: string | null; remedy: string | null }[];
      native_origin: string | null;
    };
    if (files.some((file) => file.startsWith("prebuilds/"))) expect(native_origin).not.toBe("built");
    else
      expect(kernels[0]).toMatchObject({
        name: "native",
        reason: expect.stringMatching(/^this package came without a prebuilt file for /) as string,
        remedy: expect.stringContaining("install a released package") as string,
      });
  });

  test("the command line trains", async () => {
    const bin = join(folder, "node_modules", ".bin", "mlbench-hpo");
    const { stdout } = await run(
      bin,
      ["train", "--cells", "3", "--cycles", "50", "--epochs", "1", "--seed", "1", "--format", "json"],
      { cwd: folder },
    );
    expect(jsonLines(stdout).at(-1)?.["event"]).toBe("finish");
  });

  test("a consumer's types check, and its program runs", async () => {
    await linkNodeTypes(folder);
    await compile(folder, ...(thorough ? [] : ["--skipLibCheck"]));
    const { stdout } = await run(process.execPath, ["out/index.js"], { cwd: folder });
    expect(stdout.trim().split("\n").at(-1)).toBe("consumer ok");
  }, 120_000);

  test("its plug-in and its objective, typed without a cast, run", async () => {
    const bin = join(folder, "node_modules", ".bin", "mlbench-hpo");
    const cli = async (...args: string[]): Promise<string> => (await run(bin, args, { cwd: folder })).stdout;
    const data = ["--plugin", "out/typed-plugin.js", "--dataset", "line_ts", "--epochs", "1", "--seed", "1"];
    for (const model of ["dense_ts", "scaled_ts"]) {
      const trained = jsonLines(await cli("train", ...data, "--model", model, "--format", "json")).at(-1);
      expect(trained).toMatchObject({ event: "finish", metrics: { val_rmse: expect.any(Number) as number } });
    }
    await cli("create-study", "--name", "typed", "--objective", "out/typed-objective.js", "--seed", "1");
    await cli("optimize", "typed", "--trials", "2", "--workers", "1");
    const trials = JSON.parse(await cli("trials", "typed", "--format", "json")) as { state: string }[];
    expect(trials.map(({ state }) => state)).toEqual(["complete", "complete"]);
  }, 60_000);

  // Some ten seconds each: the script of continuous integration asks for them.
  test.runIf(thorough).each([
    ["Node16", "Node16"],
    ["ESNext", "Bundler"],
    ["Preserve", "Bundler"],
  ])(
    "its types check with the modules of %s, resolved as by %s",
    async (module, resolution) => {
      await linkNodeTypes(folder);
      await compile(folder, "--noEmit", "--module", module, "--moduleResolution", resolution);
    },
    120_000,
  );

  test("require() gives what import gives", async () => {
    const { stdout } = await run(process.execPath, ["out/common.cjs"], { cwd: folder });
    expect(stdout.trim()).toBe("5 function");
  }, 60_000);

  test("a program makes, runs, lends, and takes up again a study on real cells, followed by another process", async (context) => {
    const cells = nasaDirectory();
    if (!cells) return context.skip("no NASA cells");
    const storage = join(folder, "lent");
    await mkdir(storage);
    const made = appearing(storage, "nasa.json");
    const program = run(process.execPath, ["out/service.js", storage, cells], { cwd: folder });
    await Promise.race([made, program]);
    const follower = await run(process.execPath, ["out/follower.js", storage], { cwd: folder });
    const told = JSON.parse((await program).stdout) as Record<string, unknown>;
    expect(told).toMatchObject({
      answer: "continue",
      failures: [{ subscriber: "tracker 1" }],
      lost: ["its lease ended"],
      notes: ["looks right"],
      counts: { waiting: 0, running: 0, complete: 4 },
      counted: 4,
      stopped: "total-trials",
    });
    const followed = JSON.parse(follower.stdout) as { finished: number[]; revision: number };
    expect(followed.finished).toEqual([0, 1, 2, 3]);
    expect(followed.revision).toBeLessThanOrEqual(told["revision"] as number);
  }, 120_000);

  describe.skipIf(process.platform === "win32")("and an extension as a package of its own beside it", () => {
    let extension = "";
    beforeAll(async () => {
      extension = join(folder, "extension");
      const example = join(projectRoot, "examples", "extension-package");
      await cp(example, extension, { recursive: true, filter: (path) => !/[/\\](dist|node_modules)$/.test(path) });
      // As npm would install them; the compiler and Node's types are this checkout's.
      await symlink(extension, join(folder, "node_modules", "mlbench-hpo-halton"));
      await linkNodeTypes(folder);
    });

    test("whose types check, and whose tests pass, the shipped suite among them", async () => {
      const PATH = [join(projectRoot, "node_modules", ".bin"), process.env["PATH"]].join(delimiter);
      const { stdout } = await run(npm, ["test"], { cwd: extension, env: { ...process.env, PATH } }).catch(
        (error: { stdout?: string }) => {
          throw new Error(error.stdout?.slice(-4000));
        },
      );
      expect(stdout).toMatch(/^(?:#|ℹ) fail 0$/m);
      expect(Number(/^(?:#|ℹ) pass (\d+)/m.exec(stdout)?.[1])).toBeGreaterThanOrEqual(49);
    }, 120_000);

    test("whose sampler serves the command line", async () => {
      const bin = join(folder, "node_modules", ".bin", "mlbench-hpo");
      const cli = async (...args: string[]): Promise<string> => (await run(bin, args, { cwd: folder })).stdout;
      const halton = ["--plugin", "mlbench-hpo-halton", "--sampler", "halton"];
      const objective = join(projectRoot, "examples", "objective.mjs");
      await cli("create-study", "--name", "h", ...halton, "--objective", objective);
      await cli("optimize", "h", "--trials", "2", "--workers", "1");
      const trials = JSON.parse(await cli("trials", "h", "--format", "json")) as { params: { x: number } }[];
      // The first parameter's range is -5 to 5: its half, its first quarter.
      expect(trials.map(({ params }) => params.x)).toEqual([0, -2.5]);
    }, 60_000);
  });
});

test("the lock file names no registry host", async () => {
  await emptyFolder();
  expect(await readFile(join(projectRoot, "package-lock.json"), "utf8")).not.toMatch(/"resolved": "http/);
});
