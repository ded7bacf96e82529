import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zipSync } from "fflate";
import type { Zippable } from "fflate";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { downloadNasa } from "../../../../src/datasets/download/index.js";
import type { DownloadNasaOptions } from "../../../../src/datasets/download/index.js";
import { loadTables } from "../../../../src/datasets/index.js";
import { realDir, realDirMissing, syntheticDir } from "../../../fixtures/nasa/nasa-cells.js";
import { serveArchive } from "./archive-server.js";
import type { ArchiveServer, ServerBehaviour } from "./archive-server.js";

const cells = {
  SYN01: await readFile(join(syntheticDir, "SYN01.mat")),
  SYN02: await readFile(join(syntheticDir, "SYN02.mat")),
};

function zip(entries: Zippable): Buffer {
  return Buffer.from(zipSync(entries));
}

/** As NASA packs it: zip files in a zip, a cell twice, texts of the same name. */
const archive = zip({
  "5. Battery Data Set/1. First.zip": zip({ "SYN01.mat": cells.SYN01, "README.txt": Buffer.from("one") }),
  "5. Battery Data Set/2. Second.zip": zip({
    "SYN01.mat": cells.SYN01,
    "SYN02.mat": cells.SYN02,
    "README.txt": Buffer.from("two"),
    "__MACOSX/._SYN02.mat": Buffer.from("junk"),
    "plot.pdf": Buffer.from("not wanted"),
  }),
});
const sha256 = createHash("sha256").update(archive).digest("hex");
const partName = "nasa-battery-data-set.zip.part";

let dir: string;
let servers: ArchiveServer[];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "mlbench-download-"));
  servers = [];
});
afterEach(async () => {
  await Promise.all(servers.map((server) => server.close()));
  await rm(dir, { recursive: true });
});

async function serve(behaviour: Partial<ServerBehaviour> = {}): Promise<ArchiveServer> {
  const server = await serveArchive({ body: archive, ...behaviour });
  servers.push(server);
  return server;
}

function fetchFrom(server: ArchiveServer, options: Partial<DownloadNasaOptions> = {}) {
  return downloadNasa({ dir, url: server.url, retries: 0, ...options });
}

/** Cuts the server's connection when so many bytes have arrived, once each (a retry reports where it goes on). */
function cutAt(server: ArchiveServer, ...marks: number[]): { onProgress: (received: number) => void } {
  const left = new Set(marks);
  return { onProgress: (received) => left.delete(received) && server.cut() };
}

const allFiles = ["1. First README.txt", "2. Second README.txt", "SYN01.mat", "SYN02.mat"];

describe("a download", () => {
  test("unpacks the nested archives into one folder that the datasets read, and leaves nothing else", async () => {
    const server = await serve();
    const progress: [number, number | null][] = [];
    const result = await fetchFrom(server, { sha256, onProgress: (...args) => progress.push(args) });
    expect(result).toEqual({ sha256, verified: true, files: allFiles.map((name) => join(dir, name)) });
    expect((await readdir(dir)).sort()).toEqual(allFiles);
    expect(await readFile(join(dir, "SYN02.mat"))).toEqual(cells.SYN02);
    expect(await readFile(join(dir, "2. Second README.txt"), "utf8")).toBe("two");
    expect(progress[0]).toEqual([0, archive.length]);
    expect(progress.at(-1)).toEqual([archive.length, archive.length]);
    const tables = await loadTables("nasa", { data_dir: dir });
    expect(tables.cells.map((table) => table.cell)).toEqual(["SYN01", "SYN02"]);
  });

  test("reports the checksum where none is expected", async () => {
    expect(await fetchFrom(await serve())).toMatchObject({ sha256, verified: false });
  });

  test("works without Content-Length", async () => {
    const totals = new Set<number | null>();
    const options = { onProgress: (_: number, total: number | null) => void totals.add(total) };
    expect(await fetchFrom(await serve({ chunked: true }), options)).toMatchObject({ sha256 });
    expect([...totals]).toEqual([null]);
  });

  test("of other bytes than expected is refused and removed", async () => {
    const server = await serve();
    const error = await fetchFrom(server, { sha256: "0".repeat(64) }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "checksum-mismatch", exitCode: 1 });
    expect((error as Error).message).toContain(sha256);
    expect(await readdir(dir)).toEqual([]);
  });
});

describe("an interrupted download", () => {
  test("goes on where it stopped when it is started again", async () => {
    const server = await serve({ breakAfter: { 0: 50_000 } });
    await expect(fetchFrom(server, cutAt(server, 50_000))).rejects.toMatchObject({ code: "download-interrupted" });
    expect((await stat(join(dir, partName))).size).toBe(50_000);
    const received: number[] = [];
    const result = await fetchFrom(server, { sha256, onProgress: (bytes) => received.push(bytes) });
    expect(result.verified).toBe(true);
    expect(server.ranges).toEqual([undefined, "bytes=50000-"]);
    expect(received[0]).toBe(50_000);
    expect((await readdir(dir)).sort()).toEqual(allFiles);
  });

  test("is taken up again within the call as often as allowed", async () => {
    const server = await serve({ breakAfter: { 0: 20_000, 2: 30_000 }, status: { 1: 503 } });
    const options = { sha256, retries: 3, retryDelayMs: 1, ...cutAt(server, 20_000, 50_000) };
    expect(await fetchFrom(server, options)).toMatchObject({ verified: true });
    expect(server.ranges).toEqual([undefined, "bytes=20000-", "bytes=20000-", "bytes=50000-"]);
  });

  test("by the caller keeps what has arrived", async () => {
    const server = await serve();
    const controller = new AbortController();
    const onProgress = (received: number): void => {
      if (received > 0) controller.abort(new Error("enough"));
    };
    await expect(fetchFrom(server, { signal: controller.signal, onProgress })).rejects.toThrow("enough");
    expect(existsSync(join(dir, `${partName}.json`))).toBe(true);
    expect(await fetchFrom(server, { sha256 })).toMatchObject({ verified: true });
  });

  test("starts anew from a server that knows no ranges", async () => {
    const server = await serve({ acceptsRanges: false, breakAfter: { 0: 50_000 } });
    await expect(fetchFrom(server, cutAt(server, 50_000))).rejects.toMatchObject({ code: "download-interrupted" });
    expect(await fetchFrom(server, { sha256 })).toMatchObject({ verified: true });
    expect(server.ranges).toEqual([undefined, "bytes=50000-"]);
  });

  test("starts anew when the file has changed meanwhile", async () => {
    let version = 1;
    const other = Buffer.concat([Buffer.alloc(archive.length, 7)]);
    const server = await serve({
      body: () => (version === 1 ? other : archive),
      etag: () => `"v${version}"`,
      breakAfter: { 0: 50_000 },
    });
    await expect(fetchFrom(server, cutAt(server, 50_000))).rejects.toMatchObject({ code: "download-interrupted" });
    version = 2;
    expect(await fetchFrom(server, { sha256 })).toMatchObject({ verified: true });
  });

  test("starts anew when the file has become shorter than what is there", async () => {
    const server = await serve();
    await writeFile(join(dir, partName), Buffer.alloc(archive.length + 10));
    const record = { url: server.url, validator: '"v1"', total: archive.length + 20 };
    await writeFile(join(dir, `${partName}.json`), JSON.stringify(record));
    expect(await fetchFrom(server, { sha256 })).toMatchObject({ verified: true });
    expect(server.ranges).toEqual([`bytes=${archive.length + 10}-`, undefined]);
  });

  test("never joins pieces that only a weak tag vouches for", async () => {
    const server = await serve({ etag: 'W/"v1"', breakAfter: { 0: 50_000 } });
    await expect(fetchFrom(server, cutAt(server, 50_000))).rejects.toMatchObject({ code: "download-interrupted" });
    expect(await fetchFrom(server, { sha256 })).toMatchObject({ verified: true });
    expect(server.ranges).toEqual([undefined, undefined]);
  });
});

describe("archives that are refused", () => {
  const escape = (name: string): Buffer => zip({ "SYN01.mat": cells.SYN01, [name]: Buffer.from("x") });
  const link = zip({ "SYN01.mat": [Buffer.from("/etc/passwd"), { os: 3, attrs: 0o120777 << 16 }] });
  const damaged = (): Buffer => {
    const bytes = zip({ "SYN01.mat": [cells.SYN01, { level: 0 }] });
    bytes[5000] = (bytes[5000] as number) ^ 1;
    return bytes;
  };
  const inZip = (bytes: Buffer, times: number): Buffer =>
    times === 0 ? bytes : inZip(zip({ "inner.zip": bytes }), times - 1);
  const twoVersions = zip({
    "a.zip": zip({ "SYN01.mat": cells.SYN01 }),
    "b.zip": zip({ "SYN01.mat": cells.SYN02 }),
  });
  const bomb = zip({ "inner.zip": zip({ "SYN01.mat": [Buffer.alloc(8 * 2 ** 20), { level: 9 }] }) });

  test.each<[string, Buffer, RegExp, Partial<DownloadNasaOptions>?]>([
    ["no archive at all", Buffer.from("<html>not found</html>"), /End of central directory/i],
    ["cut short", archive.subarray(0, 100_000), /End of central directory/i],
    ["a name that climbs out", escape("../../escaped.mat"), /relative path: \.\.\/\.\.\/escaped\.mat/],
    ["a name that climbs out, inside", zip({ "in.zip": escape("a/../../../escaped.mat") }), /relative path/],
    ["an absolute name", escape("/tmp/escaped.mat"), /absolute path/],
    ["a name with a drive", escape("C:\\escaped.mat"), /absolute path/],
    ["a symbolic link", link, /"SYN01.mat" is a symbolic link/],
    ["damaged contents", damaged(), /"SYN01.mat" is damaged \(CRC\)/],
    ["a bomb", bomb, /"SYN01.mat" is packed \d+ to 1/],
    ["more bytes than allowed", archive, /unpacks to more than 200000 bytes/, { limits: { maxBytes: 200_000 } }],
    ["more entries than allowed", archive, /more than 5 entries/, { limits: { maxFiles: 5 } }],
    ["archives nested too deep", inZip(archive, 3), /archives within archives, 3 deep/],
    ["two different files of one cell", twoVersions, /two different files SYN01.mat/],
    ["a name with a NUL", zip({ "SYN01.mat\0.mat": cells.SYN01 }), /"SYN01.mat\\u0000.mat" has a name/],
    ["a name with a line break", zip({ "a\nb.mat": cells.SYN01 }), /b.mat" has a name/],
    ["an archive's name with an escape", zip({ "\u001b[2J.zip": archive }), /\[2J.zip" has a name/],
    ["no cells", zip({ "README.txt": Buffer.from("nothing") }), /no \.mat files/],
  ])("%s", async (_what, body, message, options) => {
    const server = await serve({ body });
    const error = await fetchFrom(server, options).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "archive-refused", exitCode: 1 });
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain("\n");
    expect(await readdir(dir)).toEqual([]);
    expect(existsSync(join(dir, "..", "escaped.mat"))).toBe(false);
  });

  test("cells that are there already stay as they are", async () => {
    await writeFile(join(dir, "SYN01.mat"), "mine");
    await expect(fetchFrom(await serve({ body: escape("../x.mat") }))).rejects.toMatchObject({
      code: "archive-refused",
    });
    expect(await readFile(join(dir, "SYN01.mat"), "utf8")).toBe("mine");
  });
});

test.skipIf(process.platform === "win32")("a link in the download's place is not written through", async () => {
  const other = join(dir, "other");
  await writeFile(other, "mine");
  for (const name of [partName, `${partName}.json`]) {
    await symlink(other, join(dir, name));
    await expect(fetchFrom(await serve())).rejects.toMatchObject({
      code: "download-failed",
      message: `${join(dir, name)} is a symbolic link, and would be written through: remove it`,
    });
    await rm(join(dir, name));
  }
  expect(await readFile(other, "utf8")).toBe("mine");
});

describe("what a server may answer", () => {
  test("404: a failure that is not tried again", async () => {
    const server = await serve({ status: { 0: 404 } });
    const error = await fetchFrom(server, { retries: 3, retryDelayMs: 1 }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "download-failed", exitCode: 1 });
    expect((error as Error).message).toContain("404");
    expect(server.ranges.length).toBe(1);
  });

  test("a file larger than accepted", async () => {
    const limits = { maxArchiveBytes: 1000 };
    await expect(fetchFrom(await serve(), { limits })).rejects.toMatchObject({ code: "download-too-large" });
    await expect(fetchFrom(await serve({ chunked: true }), { limits })).rejects.toMatchObject({
      code: "download-too-large",
    });
  });

  test("nothing: the connection is refused", async () => {
    const server = await serve();
    await server.close();
    servers = [];
    await expect(fetchFrom(server)).rejects.toMatchObject({ code: "download-interrupted" });
  });
});

test.each([
  ["invalid-url", { url: "ftp://example.org/x.zip" }],
  ["invalid-url", { url: "nowhere" }],
  ["invalid-sha256", { url: "http://127.0.0.1:1/", sha256: "abc" }],
])("%s is the user's mistake", async (code, options) => {
  await expect(downloadNasa({ dir, ...options })).rejects.toMatchObject({ code, exitCode: 2 });
});

if (realDir === null) console.warn(`skipped: ${realDirMissing}`);
test.skipIf(realDir === null)("a real cell, packed as NASA packs it, arrives as it left", async () => {
  const cell = await readFile(join(realDir as string, "B0005.mat"));
  const inner = zip({ "B0005.mat": [cell, { level: 0 }], "README.txt": Buffer.from("about") });
  const body = zip({ "5. Battery Data Set/1. BatteryAgingARC-FY08Q4.zip": [inner, { level: 0 }] });
  const server = await serve({ body, breakAfter: { 0: 9_000_000 } });
  await fetchFrom(server, { retries: 1, retryDelayMs: 1, ...cutAt(server, 9_000_000) });
  expect(server.ranges).toEqual([undefined, "bytes=9000000-"]);
  expect(cell.equals(await readFile(join(dir, "B0005.mat")))).toBe(true);
  const tables = await loadTables("nasa", { data_dir: dir });
  expect(tables.cells.map((table) => [table.cell, table.cycles.length])).toEqual([["B0005", 168]]);
});
