/** The options of a method of importance from the command line: `--method-option n_trees=128`. */
import type { ImportanceMethod } from "../analysis/index.js";
import { readComponentOption, splitSetting } from "../registry/index.js";

const examples: Readonly<Record<ImportanceMethod, string>> = {
  "ped-anova": "target_quantile=0.2",
  fanova: "n_trees=128",
};

/** @throws UsageError `invalid-setting`, `invalid-option` */
export async function splitMethodOptions(
  method: ImportanceMethod,
  settings: readonly string[] = [],
): Promise<Readonly<Record<string, unknown>>> {
  if (settings.length === 0) return {};
  const { importanceMethods } = await import("../analysis/index.js");
  const entry = { ...importanceMethods[method], name: method };
  const options = settings.map((text) => {
    const setting = splitSetting("--method-option", text, examples[method]);
    const { name, value } = readComponentOption("importance method", entry, setting.name, setting.value);
    return [name, value] as const;
  });
  return Object.fromEntries(options);
}
