/** The files of NASA's cells in a folder. */
import { readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { UsageError, messageOf } from "../../core/errors.js";
import { didYouMean } from "../../core/nearest.js";
import { listed } from "../table-warnings.js";
import { listOf } from "../task.js";
import type { NasaParameters } from "./nasa-parameters.js";

/** Levels below `data_dir` in which files are looked for: the official archive's folders are two levels deep. */
const MAX_DEPTH = 3;

/** A cell and the file that holds it. */
export interface NasaFile {
  readonly cell: string;
  readonly path: string;
}

async function matFiles(dir: string, depth = 0): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  // Hidden files are no cells: macOS puts `._B0005.mat` beside B0005.mat on a foreign disk.
  const seen = entries.filter((e) => !e.name.startsWith("."));
  const files = seen.filter((e) => !e.isDirectory() && /\.mat$/i.test(e.name)).map((e) => join(dir, e.name));
  if (depth >= MAX_DEPTH) return files;
  const folders = seen.filter((e) => e.isDirectory());
  const nested = await Promise.all(folders.map((folder) => matFiles(join(dir, folder.name), depth + 1)));
  return [...files, ...nested.flat()];
}

/** Cells by name; a cell that is there twice (the official archive repeats four) is taken from the first place. */
async function cellsIn(dir: string): Promise<Map<string, string>> {
  let paths: string[];
  try {
    paths = await matFiles(dir);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const what =
      code === "ENOENT"
        ? `no such folder: ${dir} (\`mlbench-hpo datasets download nasa\` fetches the cells)`
        : code === "ENOTDIR"
          ? `${dir} is a file, expected the folder with the cells' .mat files`
          : `cannot read ${dir}: ${messageOf(error)}`;
    throw new UsageError("data-dir-unreadable", `data_dir: ${what}`, { cause: error });
  }
  const cells = new Map<string, string>();
  for (const path of paths) {
    const cell = basename(path).replace(/\.mat$/i, "");
    if (!cells.has(cell)) cells.set(cell, path);
  }
  return cells;
}

/**
 * The files of the chosen cells, in sorted order of the cells.
 * @throws UsageError `data-dir-unreadable`, `no-cells`, `unknown-cell`
 */
export async function nasaFiles(
  params: Pick<NasaParameters, "data_dir" | "cells">,
  baseDir: string,
): Promise<NasaFile[]> {
  const dir = resolve(baseDir, params.data_dir);
  const found = await cellsIn(dir);
  const known = [...found.keys()].sort();
  if (known.length === 0)
    throw new UsageError("no-cells", `data_dir: no .mat files in ${dir}, expected cells such as B0005.mat`);
  const wanted = listOf(params.cells) ?? known;
  if (wanted.length === 0) throw new UsageError("no-cells", `cells: none named; ${dir} has ${listed(known, 20)}`);
  return [...new Set(wanted)].sort().map((cell) => {
    const path = found.get(cell);
    if (path !== undefined) return { cell, path };
    const hint = didYouMean(cell, known);
    throw new UsageError("unknown-cell", `no cell "${cell}" in ${dir}:${hint} it has ${listed(known, 20)}`);
  });
}
