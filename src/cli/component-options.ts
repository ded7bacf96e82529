/** A study's sampler and pruner from the command line: `--sampler tpe --sampler-option preset=optuna`. */
import type { ComponentSpec } from "../core/index.js";
import { readComponentOption, splitSetting } from "../registry/index.js";
import type { Registry } from "../registry/index.js";

type Kind = "sampler" | "pruner";

const examples: Readonly<Record<Kind, string>> = { sampler: "preset=optuna", pruner: "n_warmup_steps=3" };

async function registryOfKind(kind: Kind): Promise<Registry<unknown>> {
  if (kind === "sampler") return (await import("../samplers/index.js")).samplers;
  return (await import("../pruners/index.js")).pruners;
}

/**
 * The component that the options name, over a study file's; undefined when neither says anything.
 * @throws UsageError `invalid-setting`, `unknown-<kind>`, `invalid-<kind>-option`
 */
export async function componentOptions(
  kind: Kind,
  name: string | undefined,
  settings: readonly string[] | undefined,
  base: ComponentSpec | undefined,
): Promise<ComponentSpec | undefined> {
  if (name === undefined && !settings?.length) return base;
  const fallback = kind === "sampler" ? "tpe" : "prospect";
  const chosen = name ?? base?.name ?? fallback;
  const inherited = base?.name === chosen ? base.options : {};
  if (!settings?.length) return { name: chosen, options: inherited };
  const entry = (await registryOfKind(kind)).get(chosen);
  const own = settings.map((text) => {
    const setting = splitSetting(`--${kind}-option`, text, examples[kind]);
    const { name: option, value } = readComponentOption(kind, entry, setting.name, setting.value);
    return [option, value] as const;
  });
  return { name: chosen, options: { ...inherited, ...Object.fromEntries(own) } };
}
