import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { chmod, mkdir, readdir, readFile, readlink, realpath, symlink, truncate, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { zipSync } from "fflate";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { beginFolder, sweep } from "../../../../src/app/tensorflow/folders.js";
import { makeThreadSafe } from "../../../../src/app/tensorflow/compile-addon.js";
import { installTensorflow, uninstallTensorflow } from "../../../../src/app/tensorflow/install.js";
import type { InstallOptions } from "../../../../src/app/tensorflow/install.js";
import type { TensorflowSources } from "../../../../src/app/tensorflow/sources.js";
import { MlbenchError } from "../../../../src/core/index.js";
import { damageOf, inCache, tensorflowCache, tensorflowLink } from "../../../../src/tensor/tensorflow-files.js";
import { emptyFolder } from "../../../fixtures/app/small-studies.js";
import { serveArchive } from "../../datasets/download/archive-server.js";
import type { ServerBehaviour } from "../../datasets/download/archive-server.js";

const isSupported = process.platform === "linux" && (process.arch === "x64" || process.arch === "arm64");
const FILE = "tensorflow_cpu-2.15.1-cp311-cp311-manylinux.whl";

type Files = Parameters<typeof zipSync>[0];

/** The same bytes whenever it is made: a zip has the time of each file. */
const archive = (files: Files): Uint8Array => zipSync(files, { mtime: new Date(2000, 0, 1) });
const bytes = (text: string): Uint8Array => Buffer.from(text);

/** What a wheel of TensorFlow has, as far as it matters here. */
const wheelFiles: Files = {
  "tensorflow/libtensorflow_cc.so.2": bytes("the library ".repeat(500)),
  "tensorflow/libtensorflow_framework.so.2": bytes("its framework"),
  "tensorflow/include/tensorflow/c/c_api.h": bytes("/* C */"),
  "tensorflow/include/tsl/platform/ctstring.h": bytes("/* strings */"),
  "tensorflow/include/tensorflow/core/graph.h": bytes("/* not the C API */"),
  "tensorflow/include/tensorflow/core/platform/platform_c++11_os.h": bytes("/* an odd name */"),
  "tensorflow/python/eager.py": bytes("raise SystemExit"),
  "tensorflow_cpu-2.15.1.dist-info/METADATA": bytes("Name: tensorflow-cpu"),
};

const sha256 = (data: Uint8Array): string => createHash("sha256").update(data).digest("hex");

async function write(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

async function program(folder: string, name: string, script: string): Promise<void> {
  await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, name), 0o755);
}

/** npm and g++ of our own at the front of the PATH, and the packages that this npm has. */
async function workshop(root: string): Promise<TensorflowSources> {
  const [bin, registry] = [join(root, "bin"), join(root, "registry")];
  const integrity: Record<string, string> = {};
  await mkdir(bin);
  for (const [name, files] of [
    [
      "code",
      {
        "package.json": '{"version":"4.22.0"}',
        "dist/index.js": "",
        "dist/index_test.js": "",
        "dist/index.d.ts": "",
        "binding/tfjs_binding.cc": "// C++",
        "binding/tfjs_backend.cc": BACKEND,
      },
    ],
    ["headers", { "package.json": "{}", "include/node_api.h": "/* Node */" }],
  ] as const) {
    await write(join(registry, name, "package"), files);
    execFileSync("tar", ["-czf", join(registry, `${name}.tgz`), "-C", join(registry, name), "package"]);
    const data = await readFile(join(registry, `${name}.tgz`));
    integrity[name] = `sha512-${createHash("sha512").update(data).digest("base64")}`;
  }
  await program(bin, "npm", `while [ "$1" != --pack-destination ]; do shift; done; cp ${registry}/*.tgz "$2"`);
  await program(
    bin,
    "g++",
    `[ "$1" = --version ] && exit 0; while [ "$1" != -o ]; do shift; done; echo compiled > "$2"`,
  );
  vi.stubEnv("PATH", `${bin}${delimiter}${process.env["PATH"] ?? ""}`);
  const wheel = { project: "tensorflow-cpu", file: FILE, sha256: sha256(archive(wheelFiles)) };
  return {
    code: { name: "@tensorflow/tfjs-node", version: "4.22.0", integrity: integrity["code"] as string },
    headers: { name: "node-api-headers", version: "1.9.0", integrity: integrity["headers"] as string },
    wheels: { x64: wheel, arm64: wheel },
    index: "http://127.0.0.1:9/simple",
  };
}

/** What of the package's sources two threads must not share: as in @tensorflow/tfjs-node 4.22.0. */
const BACKEND = `#include <set>
static std::set<std::string> ATTR_NAME_SET;
const char *attr_name =
      ATTR_NAME_SET.insert(attr_name_string.c_str()).first->c_str();
`;

let root: string;
let sources: TensorflowSources;

beforeEach(async () => {
  root = await emptyFolder();
  vi.stubEnv("XDG_CACHE_HOME", join(root, "cache"));
  vi.stubEnv("CXX", "");
  vi.stubEnv("PIP_INDEX_URL", undefined);
  sources = await workshop(root);
});
afterEach(() => vi.unstubAllEnvs());

/** An installation that is never loaded: what is in it is text. */
const install = (options: InstallOptions = {}) =>
  installTensorflow({ sources, retries: 1, retryDelayMs: 1, tryOut: () => Promise.resolve(), ...options });

async function failure(options: InstallOptions): Promise<MlbenchError> {
  const error = await install(options).then(
    () => new Error("it was installed"),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(MlbenchError);
  expect((error as Error).message).not.toContain("\n");
  return error as MlbenchError;
}

async function wheelFile(files: Files = wheelFiles, name = "own-1.whl"): Promise<string> {
  const path = join(root, name);
  await writeFile(path, archive(files));
  return path;
}

async function served(behaviour: Partial<ServerBehaviour> = {}): Promise<Awaited<ReturnType<typeof serveArchive>>> {
  const server = await serveArchive({ body: Buffer.from(archive(wheelFiles)), ...behaviour });
  onTestFinished(() => server.close());
  return server;
}

/** What the cache holds, but for what waits to be gone on with. */
const inFolder = async (): Promise<string[]> => (await readdir(tensorflowCache()).catch(() => [])).sort();

describe.skipIf(!isSupported)("an installation", () => {
  test("holds the libraries, the addon and the code, and says what it is; its materials are gone", async () => {
    const steps: string[] = [];
    const { folder, installed, isNew } = await install({
      wheel: await wheelFile(),
      onStep: (what) => steps.push(what),
    });
    expect(isNew).toBe(true);
    expect((await readdir(folder, { recursive: true })).sort()).toEqual([
      ...["installed.json", "lib", "lib/libtensorflow_cc.so.2", "lib/libtensorflow_framework.so.2", "owner.json"],
      ...["tfjs-node", "tfjs-node/dist", "tfjs-node/dist/index.js", "tfjs-node/package.json", "tfjs_binding.node"],
    ]);
    expect(installed).toMatchObject({ tensorflow: "2.15.1", tfjs_node: "4.22.0", wheel: "own-1.whl" });
    expect(installed.files["lib/libtensorflow_cc.so.2"]).toBe(6000);
    expect(inCache()).toMatchObject({ source: "cache", folder: await realpath(folder), installed });
    expect(damageOf(inCache() as never)).toBeNull();
    expect(steps).toHaveLength(5);
    await truncate(join(folder, "lib/libtensorflow_cc.so.2"), 10);
    expect(damageOf(inCache() as never)).toBe("lib/libtensorflow_cc.so.2 has 10 of 6000 bytes");
  });

  test("takes the place of another in one step; uninstalled, nothing is left", async () => {
    const first = await install({ wheel: await wheelFile() });
    const wheel = await wheelFile({ ...wheelFiles, "tensorflow/libtensorflow_framework.so.2": bytes("newer") });
    const second = await install({ wheel });
    expect(second.folder).not.toBe(first.folder);
    expect(await readlink(tensorflowLink())).toBe(second.folder.split("/").at(-1));
    expect(existsSync(first.folder)).toBe(false);
    expect(await uninstallTensorflow()).toBe(await realpath(second.folder).catch(() => second.folder));
    expect(await inFolder()).toEqual([]);
    expect(await uninstallTensorflow()).toBeNull();
  });

  test("two at once do not meet", async () => {
    const wheel = await wheelFile();
    const [a, b] = await Promise.all([install({ wheel }), install({ wheel })]);
    const linked = join(tensorflowCache(), await readlink(tensorflowLink()));
    expect([a.folder, b.folder]).toContain(linked);
    expect(damageOf(inCache() as never)).toBeNull();
  });

  test("that fails or is interrupted leaves the one before, and nothing else", async () => {
    const { folder } = await install({ wheel: await wheelFile() });
    const before = await inFolder();
    await failure({ wheel: await wheelFile({ "a.txt": bytes("no wheel") }) });
    await failure({ wheel: await wheelFile(), tryOut: () => Promise.reject(new MlbenchError("install-failed", "no")) });
    const controller = new AbortController();
    const tryOut = (): Promise<void> => {
      controller.abort();
      return Promise.resolve();
    };
    await expect(install({ wheel: await wheelFile(), signal: controller.signal, tryOut })).rejects.toThrow(/abort/);
    expect(await inFolder()).toEqual(before);
    expect(inCache()?.folder).toBe(await realpath(folder));
  });

  test("of a process that was killed is swept away by the next one, with the one in use left alone", async () => {
    const { folder } = await install({ wheel: await wheelFile() });
    const { pid } = spawnSync("true");
    const left = await beginFolder(tensorflowCache());
    const owner = JSON.parse(await readFile(join(left, "owner.json"), "utf8")) as object;
    await sweep(tensorflowCache());
    expect(existsSync(left)).toBe(true);
    await writeFile(join(left, "owner.json"), JSON.stringify({ ...owner, pid, start: "1" }));
    await writeFile(join(left, `${FILE}.part`), "half of it");
    await sweep(tensorflowCache());
    expect(existsSync(left)).toBe(false);
    expect(await readFile(join(tensorflowCache(), "downloads", `${FILE}.part`), "utf8")).toBe("half of it");
    expect(existsSync(folder)).toBe(true);
  });
});

describe.skipIf(!isSupported)("a wheel", () => {
  test.each<[string, Files, RegExp]>([
    ["outside its folder", { "../evil.so": bytes("x") }, /own-1.whl: invalid relative path: \.\.\/evil\.so/],
    ["by an absolute name", { "/etc/passwd": bytes("x") }, /absolute path: \/etc\/passwd/],
    ["as a bomb", { "tensorflow/x.h": [new Uint8Array(8e6), { level: 9 }] }, /is packed \d+ to 1, more than/],
    [
      "as a link",
      { "tensorflow/libtensorflow_cc.so.2": [bytes("/etc/passwd"), { os: 3, attrs: 0o120777 << 16 }] },
      /is a symbolic link/,
    ],
    [
      "without libtensorflow",
      { "tensorflow_cpu-2.15.1.dist-info/METADATA": bytes("") },
      /no libtensorflow_cc.so.2, no/,
    ],
    ["that is no wheel", { "tensorflow/libtensorflow_cc.so.2": bytes("x") }, /no TensorFlow wheel/],
  ])("with a file %s is refused", async (_what, files, message) => {
    const error = await failure({ wheel: await wheelFile(files) });
    expect(error).toMatchObject({ code: "archive-refused", exitCode: 1 });
    expect(error.message).toMatch(message);
    expect(existsSync(join(root, "evil.so"))).toBe(false);
    expect(await inFolder()).toEqual([]);
  });

  test("that is no zip, cut short, missing, or not what was expected is said in one line", async () => {
    const path = await wheelFile();
    await writeFile(join(root, "text.whl"), "no zip");
    expect(await failure({ wheel: join(root, "text.whl") })).toMatchObject({ code: "archive-refused" });
    const digest = sha256(await readFile(path));
    await truncate(path, 600);
    expect((await failure({ wheel: path, sha256: digest })).message).toMatch(/own-1.whl: its SHA-256 is .*, expected/);
    expect(existsSync(path)).toBe(true);
    expect(await failure({ wheel: path })).toMatchObject({ code: "archive-refused" });
    expect(await failure({ wheel: join(root, "none.whl") })).toMatchObject({ code: "file-not-found", exitCode: 2 });
    expect(await failure({ wheel: root })).toMatchObject({ code: "file-not-found" });
    expect(await failure({ wheel: "ftp://x/y.whl" })).toMatchObject({ code: "invalid-url", exitCode: 2 });
    expect(await failure({ wheel: path, sha256: "12" })).toMatchObject({ code: "invalid-sha256", exitCode: 2 });
  });

  test("that cannot be one is said before anything is looked for or fetched", async () => {
    vi.stubEnv("CXX", "no-such-compiler");
    const onStep = vi.fn();
    for (const options of [{ wheel: join(root, "none.whl") }, { wheel: "ftp://x/y.whl" }, { sha256: "12" }])
      expect((await failure({ ...options, onStep })).code).toMatch(/^(file-not-found|invalid-url|invalid-sha256)$/);
    expect(onStep).not.toHaveBeenCalled();
    expect(existsSync(tensorflowCache())).toBe(false);
  });

  test("of the user's stays where it is, whatever its name and whatever is wrong with it", async () => {
    const path = await wheelFile(wheelFiles, "own-1.whl.part");
    expect(await failure({ wheel: path, sha256: "0".repeat(64) })).toMatchObject({ code: "checksum-mismatch" });
    expect(existsSync(path)).toBe(true);
    await truncate(path, 600);
    expect(await failure({ wheel: path })).toMatchObject({ code: "archive-refused" });
    expect(existsSync(path)).toBe(true);
  });

  test("under the published name must have the published digest", async () => {
    const path = await wheelFile({ ...wheelFiles, "tensorflow/more": bytes("!") }, FILE);
    expect(await failure({ wheel: path })).toMatchObject({ code: "checksum-mismatch" });
    expect(await install({ wheel: await wheelFile(wheelFiles, FILE) })).toMatchObject({ verified: true });
    // The published one is there already.
    expect(await install()).toMatchObject({ isNew: false });
    expect(await inFolder()).toHaveLength(2);
  });

  test("from an address: with pip's digest behind it, redirected, refused, broken and gone on with", async () => {
    const server = await served();
    const digest = sha256(archive(wheelFiles));
    expect(await install({ wheel: `${server.url}#sha256=${digest}` })).toMatchObject({ verified: true });
    const wrong = await failure({ wheel: `${server.url}#sha256=${"0".repeat(64)}` });
    expect(wrong).toMatchObject({ code: "checksum-mismatch" });
    expect(wrong.message).toMatch(/expected 0+; it was removed/);
    const missing = await served({ status: { 0: 404 } });
    expect((await failure({ wheel: missing.url })).message).toMatch(/the server answered 404/);
    const halting = await served({ breakAfter: { 0: 300 } });
    const onProgress = (received: number): void => {
      if (received === 300) halting.cut();
    };
    expect(await failure({ wheel: halting.url, retries: 0, onProgress })).toMatchObject({
      code: "download-interrupted",
    });
    await install({ wheel: halting.url });
    expect(halting.ranges).toEqual([undefined, "bytes=300-"]);
  });
});

describe.skipIf(!isSupported)("the package index", () => {
  /** Its page of the project, in either form, and the file. */
  async function index(form: "json" | "html" | "empty" | "error"): Promise<{ url: string; asked: string[] }> {
    const asked: string[] = [];
    const data = Buffer.from(archive(wheelFiles));
    const server = createServer((request, response) => {
      asked.push(`${request.url} ${request.headers.authorization ?? "-"}`);
      if (request.url === "/files/w.whl") return void response.writeHead(302, { location: "/there.whl" }).end();
      if (request.url === "/there.whl")
        return void response.writeHead(200, { "content-length": data.length }).end(data);
      if (form === "error") return void response.writeHead(503).end();
      const json = { files: form === "empty" ? [] : [{ filename: FILE, url: "../../files/w.whl" }] };
      if (form === "html")
        return void response
          .writeHead(200, { "content-type": "text/html" })
          .end(`<a href="x">other</a>\n<a data-y="1" href="/files/w.whl#sha256=ab">${FILE}</a>`);
      response.writeHead(200, { "content-type": "application/vnd.pypi.simple.v1+json" }).end(JSON.stringify(json));
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    return { url: `http://127.0.0.1:${port}/simple`, asked };
  }

  test.each(["json", "html"] as const)("as %s says where the published wheel is, redirects followed", async (form) => {
    const { url, asked } = await index(form);
    const { installed, verified } = await install({ sources: { ...sources, index: url } });
    expect([installed.wheel, verified]).toEqual([FILE, true]);
    expect(asked).toEqual(["/simple/tensorflow-cpu/ -", "/files/w.whl -", "/there.whl -"]);
  });

  test("of PIP_INDEX_URL is asked with its password, which no message shows", async () => {
    const { url, asked } = await index("html");
    vi.stubEnv("PIP_INDEX_URL", `${url.replace("//", "//me:secret@")}/`);
    await install();
    const header = `Basic ${Buffer.from("me:secret").toString("base64")}`;
    expect(asked.slice(0, 2)).toEqual([`/simple/tensorflow-cpu/ ${header}`, `/files/w.whl ${header}`]);
    const empty = await index("empty");
    vi.stubEnv("PIP_INDEX_URL", empty.url.replace("//", "//me:secret@"));
    const { message } = await failure({ force: true });
    expect(message).toMatch(new RegExp(`has no ${FILE}: --wheel takes`));
    expect(message).not.toContain("secret");
  });

  test("that answers with an error or not at all is named, with what helps", async () => {
    const { url } = await index("error");
    const refused = await failure({ sources: { ...sources, index: url } });
    expect(refused.message).toMatch(/answered 503.*; --wheel FILE takes a wheel/);
    const nobody = await failure({});
    expect(nobody).toMatchObject({ code: "download-failed", exitCode: 1 });
    expect(nobody.message).toMatch(/cannot be reached: fetch failed: .*; --wheel FILE/);
    vi.stubEnv("PIP_INDEX_URL", "file:///srv/simple");
    expect(await failure({})).toMatchObject({ code: "invalid-url", exitCode: 2 });
  });
});

describe.skipIf(!isSupported)("what is missing on the machine", () => {
  test("no compiler, or one that is none: exit code 2, before anything is fetched", async () => {
    vi.stubEnv("CXX", "no-such-compiler -m64");
    expect((await failure({})).message).toBe("CXX=no-such-compiler -m64: that is no C++ compiler here");
    vi.stubEnv("CXX", "");
    vi.stubEnv("PATH", join(root, "nothing"));
    const error = await failure({});
    expect(error).toMatchObject({ code: "install-unsupported", exitCode: 2 });
    expect(error.message).toMatch(/a C\+\+ compiler is needed and there is none/);
    expect(await inFolder()).toEqual([]);
  });

  test("the sources' set of names that all threads write to gets a lock; sources of another kind are refused", async () => {
    const backend = `$(echo "$@" | tr ' ' '\\n' | grep tfjs_backend.cc)`;
    await program(join(root, "bin"), "g++", `[ "$1" = --version ] && exit 0; cat ${backend} >&2; exit 1`);
    await failure({ wheel: await wheelFile() });
    const log = await readFile(join(tensorflowCache(), "compile.log"), "utf8");
    expect(log).toContain("std::lock_guard<std::mutex>");
    expect(log).toContain("KeepAttrName(attr_name_string.c_str());");
    expect(log).not.toContain("ATTR_NAME_SET");
    const binding = await emptyFolder();
    await writeFile(join(binding, "tfjs_backend.cc"), `${BACKEND}${BACKEND}`);
    await expect(makeThreadSafe(binding)).rejects.toMatchObject({ code: "install-failed" });
  });

  test("the compiler's first error, with all of it in a file", async () => {
    const script = `[ "$1" = --version ] && exit 0; echo In file; echo "x.cc:1:2: error: no such thing"; echo more; exit 1`;
    await program(join(root, "bin"), "g++", script);
    const error = await failure({ wheel: await wheelFile() });
    const log = join(tensorflowCache(), "compile.log");
    expect(error.message).toBe(`g++ cannot compile the addon: x.cc:1:2: error: no such thing; all of it: ${log}`);
    expect(await readFile(log, "utf8")).toMatch(/^g\+\+ -O2.*\nIn file\n/);
  });

  test("npm's reason, and packages that are not what was published", async () => {
    const npm = join(root, "bin");
    await program(npm, "npm", "echo 'npm error code E404' >&2; echo 'npm error 404 Not Found' >&2; exit 1");
    expect((await failure({})).message).toMatch(
      /npm cannot fetch @tensorflow\/tfjs-node@4\.22\.0 .*: code E404: 404 Not Found$/,
    );
    await program(npm, "npm", `while [ "$1" != --pack-destination ]; do shift; done; echo other > "$2/a.tgz"`);
    expect(await failure({})).toMatchObject({ code: "checksum-mismatch" });
  });

  test("a cache that is a file, or may not be written", async () => {
    await writeFile(join(root, "file"), "");
    vi.stubEnv("XDG_CACHE_HOME", join(root, "file"));
    expect(await failure({})).toMatchObject({ code: "cannot-write", exitCode: 2 });
    await symlink("/proc", join(root, "proc"));
    vi.stubEnv("XDG_CACHE_HOME", join(root, "proc"));
    expect(await failure({})).toMatchObject({ code: "cannot-write", exitCode: 2 });
  });
});

test("elsewhere than on Linux it is said which machines have it", async () => {
  vi.spyOn(process, "platform", "get").mockReturnValue("darwin");
  const error = await failure({});
  vi.restoreAllMocks();
  expect(error).toMatchObject({ code: "install-unsupported", exitCode: 2 });
  expect(error.message).toMatch(/Linux x64 and arm64 alone, this is darwin/);
});
