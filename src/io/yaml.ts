/** YAML (and so JSON) files that a user writes, read with one-line errors. */
import { readFile } from "node:fs/promises";
import { UsageError, messageOf } from "../core/errors.js";

/**
 * The data of a YAML text; null for an empty one.
 * @param source what to call it in messages
 * @throws UsageError `invalid-config`
 */
export async function parseYaml(text: string, source: string): Promise<unknown> {
  const { parse } = await import("yaml");
  try {
    return parse(text) as unknown;
  } catch (error) {
    const line = (messageOf(error).split("\n")[0] as string).replace(/:$/, "");
    throw new UsageError("invalid-config", `${source}: ${line}`, { cause: error });
  }
}

/** The data of a YAML file. @throws UsageError `config-not-found`, `invalid-config` */
export async function readYaml(path: string, source: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    const reason = missing ? "no such file" : messageOf(error);
    throw new UsageError("config-not-found", `${source}: ${reason}`, { cause: error });
  }
  return parseYaml(text, source);
}
