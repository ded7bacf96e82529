import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { expect, test } from "vitest";

const folder = join(import.meta.dirname, "..", "..", "..", "dist", "web");
const read = (name: string): Buffer => readFileSync(join(folder, name));
const { files } = JSON.parse(read("assets.json").toString()) as {
  files: Record<string, { file: string; type: string; immutable: boolean }>;
};
const lines = Object.values(files);

test("all scripts together weigh at most 330 kB compressed", () => {
  const scripts = lines.filter(({ type }) => type.startsWith("text/javascript"));
  const weight = scripts.reduce((sum, { file }) => sum + read(`${file}.gz`).length, 0);
  expect(scripts.length).toBeGreaterThan(5);
  expect(weight).toBeLessThanOrEqual(330_000);
});

test("what is compressed is what is served, and the map has every file that is there", () => {
  const wrong = lines.filter(
    ({ file }) =>
      !gunzipSync(read(`${file}.gz`)).equals(read(file)) ||
      !brotliDecompressSync(read(`${file}.br`)).equals(read(file)),
  );
  expect(wrong).toEqual([]);
  const there = readdirSync(join(folder, "assets")).filter((name) => !/\.(br|gz)$/.test(name));
  expect(there.sort()).toEqual(lines.flatMap(({ file }) => (file.startsWith("assets/") ? [file.slice(7)] : [])).sort());
});

test("the page has no script or style of its own, and names files of the map alone", () => {
  const html = read("index.html").toString();
  expect(html).not.toMatch(/<style|\son\w+=|\sstyle=|<script(?![^>]*\ssrc=)/);
  const named = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path ?? "");
  const ahead = [...html.matchAll(/<link rel="modulepreload" href="([^"]+)" \/>/g)].map(([, path]) => path ?? "");
  expect(named.filter((path) => !ahead.includes(path))).toHaveLength(3);
  // What the first script imports is fetched with it, and not behind it.
  const first = read(files[named.find((path) => path.includes("/main-")) ?? ""]?.file ?? "").toString();
  const imported = [...first.matchAll(/\b(?:from|import)"\.\/([^"]+)"/g)].map(([, name]) => `/assets/${name}`);
  expect(imported.length).toBeGreaterThan(1);
  expect(ahead.toSorted()).toEqual([...new Set(imported)].sort());
  expect(named.filter((path) => !files[path]?.immutable)).toEqual([]);
  expect(files["/"]).toMatchObject({ file: "index.html", immutable: false });
});
