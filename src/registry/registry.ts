/** The registry: names with metadata, and implementations that are imported when needed. */
import type { z } from "zod";
import { requireKnownKeys } from "../core/known-keys.js";
import { NamedEntries } from "./named-entries.js";

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
  /** Imports it. */
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

/**
 * Names with metadata and implementations. A registry knows schemas at once and imports an implementation when it is
 * asked for.
 */
export class Registry<T, X extends object = object> extends NamedEntries<Entry<T> & X> {
  readonly #further: FurtherMeta<X>;

  /**
   * @param kind what is registered, in the singular: `model`, `dataset`, …
   * @param further what the metadata of this kind have besides. @default nothing
   */
  constructor(kind: string, further: FurtherMeta<X> = { keys: [] }) {
    super(kind);
    this.#further = further;
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
    meta: EntryMeta<S> & X,
  ): <I extends Registrable<T, S>>(implementation: I, context?: unknown) => I {
    this.requireFree(name);
    const keys = ["summary", "parameters", ...this.#further.keys];
    requireKnownKeys(`${this.kind} "${name}"`, meta, Object.fromEntries(keys.map((key) => [key, true])));
    this.#further.check?.(`${this.kind} "${name}"`, meta);
    return (implementation) => {
      this.add(Object.freeze({ ...meta, name, load: loadOnce(implementation as unknown as T | Lazy<T>) }));
      return implementation;
    };
  }
}

/** Metadata of a kind beside summary and parameters. */
export interface FurtherMeta<X extends object> {
  readonly keys: readonly (keyof X & string)[];
  /** Throws for what they cannot be. @param owner `model "lstm"` */
  readonly check?: (owner: string, meta: X) => void;
}

/** The implementation; an import of it runs once, when it is first asked for. */
export function loadOnce<T>(implementation: T | Lazy<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined;
  return () => (loaded ??= isLazy<T>(implementation) ? implementation.lazy() : Promise.resolve(implementation));
}

const shared = Symbol.for("mlbench-hpo.registries");

/**
 * The process-wide registry of a kind: two copies of this package in one process (a global install and a project's own)
 * share it, so that a plug-in may import either.
 * @param make makes it, where it is not there. @default a {@link Registry} without further metadata
 */
export function registryOf<T>(kind: string): Registry<T>;
export function registryOf<R>(kind: string, make: (kind: string) => R): R;
export function registryOf(kind: string, make = (of: string): unknown => new Registry(of)): unknown {
  const holder = globalThis as { [shared]?: Map<string, unknown> };
  const all = (holder[shared] ??= new Map());
  if (!all.has(kind)) all.set(kind, make(kind));
  return all.get(kind);
}
