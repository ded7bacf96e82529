/** The registry: names with metadata, and implementations that are imported when needed. */
import type { z } from "zod";
import { UsageError } from "../core/errors.js";
import { requireKnownKeys } from "../core/known-keys.js";
import { didYouMean } from "../core/nearest.js";

/** The metadata of a registered thing, known before its code is loaded. */
export interface EntryMeta<S extends z.ZodObject = z.ZodObject> {
  /** One line for tables and help. */
  readonly summary: string;
  /** Parameters with types, ranges, defaults, descriptions and search metadata (see `parameter`). */
  readonly parameters: S;
}

/**
 * An implementation that takes the parameters of a schema under their types, where a registry's own type `T` takes any
 * by name: a class or function of them, or a function of something else and them.
 */
export type WithParameters<T, P> = T extends new (params: infer A, ...rest: infer R) => infer M
  ? string extends keyof A
    ? new (params: P, ...rest: R) => M
    : T
  : T extends (first: infer A, ...rest: infer R) => infer M
    ? string extends keyof A
      ? (params: P, ...rest: R) => M
      : T extends (first: A, params: infer B) => M
        ? string extends keyof B
          ? (first: A, params: P) => M
          : T
        : T
    : T;

/** A function that imports the implementation when it is needed. Made by {@link lazy}. */
export interface Lazy<T> {
  readonly lazy: () => Promise<T>;
}

/**
 * Registers an import instead of an implementation: `models.register("lstm", meta)(lazy(() => import(…)))`.
 * @example
 * models.register("mine", { summary: "my network", parameters: z.object({}) })(
 *   lazy(async () => (await import("./mine.js")).Mine),
 * );
 */
export function lazy<T>(load: () => Promise<T>): Lazy<T> {
  return { lazy: load };
}

function isLazy<T>(value: T | Lazy<T>): value is Lazy<T> {
  return typeof value === "object" && value !== null && "lazy" in value && typeof value.lazy === "function";
}

/** One registered thing. */
export interface Entry<T> extends EntryMeta {
  readonly name: string;
  /** Imports the implementation (once). */
  load(): Promise<T>;
}

/** What a registry takes under a schema: an implementation, or its import. */
export type Registrable<T, S extends z.ZodObject> =
  WithParameters<T, z.output<S>> | Lazy<WithParameters<T, z.output<S>>>;

/** `unknown model "lsmt": did you mean "lstm"? known: lstm, mlp` */
export function unknownName(kind: string, name: string, known: readonly string[]): UsageError {
  const hint = didYouMean(name, known);
  return new UsageError(`unknown-${kind}`, `unknown ${kind} "${name}":${hint} known: ${known.join(", ") || "none"}`);
}

/**
 * Names with metadata and implementations. A registry knows schemas at once and imports an implementation when it is
 * asked for.
 */
export class Registry<T> {
  readonly kind: string;
  readonly #entries = new Map<string, Entry<T>>();

  /** @param kind what is registered, in the singular: `model`, `dataset`, … */
  constructor(kind: string) {
    this.kind = kind;
  }

  /**
   * Registers `name`: `models.register("lstm", { summary, parameters })(LstmModel)`, usable as a class decorator. The
   * returned function takes the implementation or {@link lazy} and gives back what it was given. A class or factory is
   * handed the values of `meta.parameters`, and may declare them by `z.output<typeof parameters>`.
   * @example
   * const parameters = z.object({ width: parameter(z.number().int().default(8), { description: "units" }) });
   * models.register("mine", { summary: "my network", parameters })(Mine); // new Mine({ width: 8 }, facts)
   * @throws UsageError `invalid-name`, `unknown-option` or `duplicate-<kind>`.
   */
  register<S extends z.ZodObject>(
    name: string,
    meta: EntryMeta<S>,
  ): <I extends Registrable<T, S>>(implementation: I, context?: unknown) => I {
    if (!/^[a-z][a-z0-9_]*$/.test(name))
      throw new UsageError("invalid-name", `invalid ${this.kind} name "${name}": use lower-case snake_case`);
    requireKnownKeys(`${this.kind} "${name}"`, meta, { summary: true, parameters: true });
    this.#refuseDuplicate(name);
    return (implementation) => {
      this.#refuseDuplicate(name);
      let loaded: Promise<T> | undefined;
      const load = (): Promise<T> => {
        const own = implementation as unknown as T | Lazy<T>;
        loaded ??= isLazy<T>(own) ? own.lazy() : Promise.resolve(own);
        return loaded;
      };
      this.#entries.set(name, Object.freeze({ name, summary: meta.summary, parameters: meta.parameters, load }));
      return implementation;
    };
  }

  #refuseDuplicate(name: string): void {
    if (this.#entries.has(name))
      throw new UsageError(
        `duplicate-${this.kind}`,
        `a ${this.kind} named "${name}" is already registered; known: ${this.names().join(", ")}`,
      );
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** @throws UsageError `unknown-<kind>`, naming what is known and the nearest match. */
  get(name: string): Entry<T> {
    const entry = this.#entries.get(name);
    if (!entry) throw unknownName(this.kind, name, this.names());
    return entry;
  }

  /** In the order of registration. */
  names(): string[] {
    return [...this.#entries.keys()];
  }

  entries(): Entry<T>[] {
    return [...this.#entries.values()];
  }
}

const shared = Symbol.for("mlbench-hpo.registries");

/**
 * The process-wide registry of a kind: two copies of this package in one process (a global install and a project's own)
 * share it, so that a plug-in may import either.
 */
export function registryOf<T>(kind: string): Registry<T> {
  const holder = globalThis as { [shared]?: Map<string, unknown> };
  const all = (holder[shared] ??= new Map());
  let registry = all.get(kind) as Registry<T> | undefined;
  if (!registry) all.set(kind, (registry = new Registry<T>(kind)));
  return registry;
}
