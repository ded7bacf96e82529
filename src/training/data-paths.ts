/** Paths of data and plug-ins in a checkpoint: stored so that its folder can be moved, and found again. */
import { existsSync } from "node:fs";
import { dirname, isAbsolute, join, parse, relative, resolve } from "node:path";
import type { ConfigValue } from "../core/index.js";
import { dataParameters } from "../datasets/index.js";

type Params = Readonly<Record<string, ConfigValue>>;

/** The parameters of a dataset that are paths, by bare name. */
export function pathParameters(dataset: string): string[] {
  return dataParameters(dataset)
    .filter(({ info }) => info.meta.path)
    .map(({ info }) => info.name);
}

/** The first folder below the root: two paths that share none have nothing in common. */
function firstFolder(path: string): string {
  const { root } = parse(path);
  return root + (path.slice(root.length).split(/[\\/]/, 1)[0] as string);
}

/**
 * A data path as a checkpoint keeps it: from the folder that relative paths start at. An absolute one stays so where it
 * has nothing in common with that folder.
 */
function portable(path: string, baseDir: string): string {
  if (!isAbsolute(path) || firstFolder(path) !== firstFolder(resolve(baseDir))) return path;
  return relative(baseDir, path).replaceAll("\\", "/") || ".";
}

/** Plug-ins as a checkpoint keeps them: files by their paths as data's, packages and addresses by their names. */
export function portablePlugins(plugins: readonly string[], baseDir: string): string[] {
  return plugins.map((plugin) => {
    const path = portable(plugin, baseDir);
    return path === plugin || path.startsWith(".") ? path : `./${path}`;
  });
}

/** Parameters by qualified name, those that are a dataset's paths changed. */
function mapPaths(params: Params, dataset: string, change: (path: string) => string): Record<string, ConfigValue> {
  const paths = new Set(pathParameters(dataset).map((name) => `data.${name}`));
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [
      name,
      paths.has(name) && typeof value === "string" ? change(value) : value,
    ]),
  );
}

/** Parameters by qualified name, the data's paths as a checkpoint keeps them. */
export function portablePaths(params: Params, dataset: string, baseDir: string): Record<string, ConfigValue> {
  return mapPaths(params, dataset, (path) => portable(path, baseDir));
}

/** Stored parameters by qualified name, the data's paths {@link findData found} again. */
export function foundPaths(
  params: Params,
  dataset: string,
  checkpoint: string,
  baseDir: string,
): Record<string, ConfigValue> {
  return mapPaths(params, dataset, (path) => findData(path, checkpoint, baseDir));
}

/**
 * A stored data path: where relative paths start, or else from the checkpoint's folder or one above it, so that a folder
 * with both can be moved and used from anywhere.
 */
export function findData(path: string, checkpoint: string, baseDir: string): string {
  if (isAbsolute(path) || existsSync(resolve(baseDir, path))) return path;
  for (let folder = dirname(resolve(baseDir, checkpoint)); ; folder = dirname(folder)) {
    const candidate = join(folder, path);
    if (existsSync(candidate)) return candidate;
    if (folder === dirname(folder)) return path;
  }
}
