import { UsageError } from "../core/index.js";

export interface ComponentSetting {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** A value as written: a number, true, false, null, or text. */
function typed(text: string): unknown {
  if (text === "true" || text === "false") return text === "true";
  if (text === "null" || text === "none") return null;
  const number = Number(text);
  return text.trim() !== "" && Number.isFinite(number) ? number : text;
}

/** `--sampler tpe --sampler-option preset=optuna`, over a study file's; undefined when neither says anything. */
export function componentOptions(
  kind: "sampler" | "pruner",
  name: string | undefined,
  settings: readonly string[] | undefined,
  base: ComponentSetting | undefined,
): ComponentSetting | undefined {
  if (name === undefined && !settings?.length) return base;
  const fallback = kind === "sampler" ? "tpe" : "median";
  const chosen = name ?? base?.name ?? fallback;
  const inherited = base?.name === chosen ? base.options : {};
  const own = (settings ?? []).map((text): [string, unknown] => {
    const at = text.indexOf("=");
    if (at < 1) throw new UsageError("invalid-setting", `--${kind}-option ${text}: expected name=value`);
    return [text.slice(0, at).trim(), typed(text.slice(at + 1))];
  });
  return { name: chosen, options: { ...inherited, ...Object.fromEntries(own) } };
}
