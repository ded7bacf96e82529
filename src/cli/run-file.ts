/** The file of `train --config`, read and checked. */
import { dirname, isAbsolute, resolve } from "node:path";
import { z } from "zod";
import { UsageError } from "../core/index.js";
import type { ConfigValue, Folds } from "../core/index.js";
import { readYaml } from "../io/yaml.js";

/** `train --config FILE`. */
export interface RunFile {
  readonly model?: string;
  readonly dataset?: string;
  readonly seed?: number;
  readonly folds?: Folds | "none";
  readonly seeds?: number;
  readonly plugins?: readonly string[];
  readonly params?: Readonly<Record<string, ConfigValue>>;
}

/** Names, such as cells': those that look like numbers need no quotes. */
const names = z.array(z.union([z.string(), z.number(), z.boolean()]).transform(String));
const value = z.union([z.number(), z.string(), z.boolean(), z.null(), names]);
const schema = z.strictObject({
  model: z.string().optional(),
  dataset: z.string().optional(),
  seed: z.number().int().min(0).optional(),
  folds: z.union([z.enum(["cells", "none"]), z.number().int().min(2)]).optional(),
  seeds: z.number().int().min(1).optional(),
  plugins: z.array(z.string()).optional(),
  params: z.record(z.string(), value).optional(),
});

/** @throws UsageError `config-not-found`, `invalid-config` */
export async function readRunFile(path: string): Promise<RunFile> {
  const parsed = schema.safeParse((await readYaml(path, `--config ${path}`)) ?? {});
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const at = issue?.path.length ? ` at ${issue.path.join(".")}` : "";
    const known = issue?.code === "unrecognized_keys" ? `; known: ${Object.keys(schema.shape).join(", ")}` : "";
    throw new UsageError("invalid-config", `--config ${path}${at}: ${issue?.message ?? "invalid"}${known}`);
  }
  const base = dirname(resolve(path));
  const { plugins, ...rest } = parsed.data;
  return {
    ...(Object.fromEntries(Object.entries(rest).filter(([, v]) => v !== undefined)) as RunFile),
    ...(plugins ? { plugins: plugins.map((p) => (p.startsWith(".") && !isAbsolute(p) ? resolve(base, p) : p)) } : {}),
  };
}
