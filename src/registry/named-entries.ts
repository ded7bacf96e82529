/** Names and what is registered under them, in the order of registration. */
import { UsageError } from "../core/errors.js";
import { nearest, suggestion } from "../core/nearest.js";

/**
 * `unknown model "lsmt": did you mean "lstm"? known: lstm, mlp`
 * @param near what was probably meant. @default the known name that is nearest
 */
export function unknownName(kind: string, name: string, known: readonly string[], near?: string): UsageError {
  const hint = suggestion(near ?? nearest(name, known));
  return new UsageError(`unknown-${kind}`, `unknown ${kind} "${name}":${hint} known: ${known.join(", ") || "none"}`);
}

/** Entries of one kind by their names, each of which is taken once. */
export class NamedEntries<E extends { readonly name: string }> {
  readonly kind: string;
  readonly #entries = new Map<string, E>();

  /** @param kind what is registered, in the singular: `model`, `dataset`, … */
  constructor(kind: string) {
    this.kind = kind;
  }

  /** @throws UsageError `invalid-name` for what is not snake_case (a sampler's may have hyphens), `duplicate-<kind>`. */
  protected requireFree(name: string): void {
    // a sampler's name is a value and part of no other name, as a model's or a metric's is
    const [pattern, wanted] =
      this.kind === "sampler"
        ? [/^[a-z][a-z0-9_-]*$/, "lower-case letters, digits, - and _"]
        : [/^[a-z][a-z0-9_]*$/, "lower-case snake_case"];
    if (!pattern.test(name)) throw new UsageError("invalid-name", `invalid ${this.kind} name "${name}": use ${wanted}`);
    if (this.#entries.has(name))
      throw new UsageError(
        `duplicate-${this.kind}`,
        `a ${this.kind} named "${name}" is already registered; known: ${this.names().join(", ")}`,
      );
  }

  /** @throws UsageError as {@link requireFree}. */
  protected add(entry: E): void {
    this.requireFree(entry.name);
    this.#entries.set(entry.name, entry);
  }

  /** Whether something is registered under a name. */
  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** @throws UsageError `unknown-<kind>`, naming what is known and the nearest match. */
  get(name: string): E {
    const entry = this.#entries.get(name);
    if (!entry) throw unknownName(this.kind, name, this.names());
    return entry;
  }

  /** In the order of registration. */
  names(): string[] {
    return [...this.#entries.keys()];
  }

  /** What is registered, by name. */
  entries(): E[] {
    return [...this.#entries.values()];
  }
}
