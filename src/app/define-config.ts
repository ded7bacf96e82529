/** What a project file may say, typed; loads nothing else. */

/** The value of an option: as it would be typed, `true` for a flag, `false` for its `--no-…` form, or a list. */
export type OptionValue = string | number | boolean | readonly (string | number)[];

/** A project file: `mlbench-hpo.config.json`, `.yaml` or `.mjs`. Relative paths start at its folder. */
export interface ProjectConfig {
  /** For editors; not read. */
  readonly $schema?: string;
  /** Where studies live. @default "studies" */
  readonly storage?: string;
  /** Modules that register models, datasets, storages, …, as for `--plugin`. */
  readonly plugins?: readonly string[];
  /**
   * Options that a command gets unless they are typed, by command and option: `{ optimize: { workers: 2 } }`. Repeatable
   * options take a list, those of the form `name=value` also an object.
   */
  readonly defaults?: Readonly<
    Record<string, Readonly<Record<string, OptionValue | Readonly<Record<string, OptionValue>>>>>
  >;
}

/**
 * Returns what it is given, so that an editor knows its type: the default export of `mlbench-hpo.config.mjs`. Imported from
 * `mlbench-hpo/config` it brings nothing else with it.
 * @example
 * export default defineConfig({ storage: "studies", defaults: { optimize: { workers: 4 } } });
 */
export function defineConfig(config: ProjectConfig): ProjectConfig {
  return config;
}
