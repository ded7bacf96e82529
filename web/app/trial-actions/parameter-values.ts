/** Parameters as people type them: one value, or several for as many trials. */
import type { Distribution, ParamValue } from "../api/types.js";

/** What was typed, read. */
export type ReadValues = { readonly values: readonly ParamValue[] } | { readonly problem: string };

/** `0.00001 to 0.1, log` */
export function rangeText(distribution: Distribution): string {
  if (distribution.type === "categorical") return distribution.choices.map(String).join(", ");
  const step =
    distribution.step === null || (distribution.type === "int" && distribution.step === 1)
      ? ""
      : `, step ${distribution.step}`;
  return `${distribution.low} to ${distribution.high}${distribution.log ? ", log" : ""}${step}`;
}

/** The choice that a text stands for; texts stand for themselves. */
export function choiceOf(distribution: Distribution, text: string): ParamValue | undefined {
  return distribution.type === "categorical"
    ? distribution.choices.find((choice) => String(choice) === text)
    : undefined;
}

/** Numbers with commas between them, each within the range. An empty text: it is drawn. */
export function readValues(distribution: Distribution, text: string): ReadValues {
  if (distribution.type === "categorical") {
    const choice = choiceOf(distribution, text);
    if (text === "") return { values: [] };
    return choice === undefined ? { problem: `none of ${rangeText(distribution)}` } : { values: [choice] };
  }
  const values: number[] = [];
  for (const part of text.split(",").map((one) => one.trim())) {
    if (part === "") continue;
    const value = Number(part);
    if (!Number.isFinite(value)) return { problem: `"${part}" is no number (decimals have a point)` };
    if (distribution.type === "int" && !Number.isInteger(value)) return { problem: `${part} is no whole number` };
    if (value < distribution.low || value > distribution.high)
      return { problem: `${part} is not within ${rangeText(distribution)}` };
    values.push(value);
  }
  return { values };
}

/** Whether a parameter means something beside these values. */
export function isActive(distribution: Distribution, chosen: (name: string) => ParamValue | undefined): boolean {
  const { when } = distribution;
  return Object.entries(when ?? {}).every(([name, wanted]) => [wanted].flat().includes(chosen(name) as never));
}

/** Every combination of some values; a parameter without any is left out, to be drawn. */
export function combinations(values: Readonly<Record<string, readonly ParamValue[]>>): Record<string, ParamValue>[] {
  return Object.entries(values).reduce<Record<string, ParamValue>[]>(
    (made, [name, own]) =>
      own.length === 0 ? made : made.flatMap((before) => own.map((value) => ({ ...before, [name]: value }))),
    [{}],
  );
}
