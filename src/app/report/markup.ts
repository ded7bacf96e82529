/** HTML whose every inserted text is escaped: what studies hold is data, never markup. */
import { escapeXml } from "../../plots/draw-svg.js";

/** A piece of HTML: what {@link markup} makes, or what is known to be HTML already. */
export class Markup {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

/** What can stand in a template: markup as it is, texts and numbers escaped; what is absent leaves nothing. */
export type Inserted = string | number | Markup | null | undefined | false | readonly Inserted[];

function inserted(value: Inserted): string {
  if (value === null || value === undefined || value === false) return "";
  if (value instanceof Markup) return value.toString();
  if (typeof value === "string") return escapeXml(value);
  if (typeof value === "number") return String(value);
  return value.map(inserted).join("");
}

/**
 * A template's literal parts are HTML (attributes in double quotes), what is inserted is text. Not called `html`: formatters
 * would break its lines, and the policy of the page knows its scripts by their digests.
 */
export function markup(parts: TemplateStringsArray, ...values: readonly Inserted[]): Markup {
  return new Markup(parts.map((part, i) => part + (i < values.length ? inserted(values[i]) : "")).join(""));
}
