/** Files that a request names: only below the folders that the operator allowed, whatever links stand between. */
import { realpath, stat } from "node:fs/promises";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { MayOpen, NamedFile } from "../app/may-open.js";
import { UsageError } from "../core/index.js";

type NamedPath = Extract<NamedFile, { readonly path: string | URL }>;
type NamedCommand = Exclude<NamedFile, NamedPath>;

function refused(field: string, what: string, why: string): UsageError {
  return new UsageError(
    "not-allowed",
    `${field}: ${what}${why.startsWith("and ") || why.startsWith("which ") ? "," : ""} ${why}`,
  );
}

/** The file system's own name of the nearest ancestor that is there, with the rest behind it: a link leads nowhere else. */
async function realOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const parent = resolve(path, "..");
    return parent === path ? path : resolve(await realOf(parent), relative(parent, path));
  }
}

function isBelow(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

function pathOf({ field, path }: NamedPath): string {
  const text = typeof path === "string" ? path : path.href;
  if (!/^[a-z][a-z0-9+.-]+:/i.test(text)) return text;
  if (!text.startsWith("file:")) throw refused(field, text, "is no file");
  try {
    return fileURLToPath(text);
  } catch {
    throw refused(field, text, "is no file of this machine");
  }
}

/** Why nothing is opened, or where things may be. */
function whyNot(allow: readonly string[]): string {
  return allow.length === 0
    ? "and the service was started without --allow: it opens and runs nothing that requests name"
    : `which is not below a folder that the service was allowed (--allow ${allow.join(", ")})`;
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

/**
 * What runs its first argument and hands it all others: `find FILE -exec …`, `sed FILE -e …` and `cp FILE …` do what
 * the request says instead.
 */
const interpreters =
  /^(?:(?:python|pypy|lua|php|perl|ruby)[\d.]*|node|nodejs|bun|tsx|ts-node|Rscript|julia|bash|sh|dash|zsh|ksh|java|torchrun)(?:\.exe)?$/;

/** What of a storage holds secrets, and what requests put there: neither is opened or run, in whatever folder it stands. */
const ownFolder = /^\.|\.(?:files|inbox)$/;

/** What a request may have opened or run: what lies below folders that the operator allowed. */
export class AllowedFiles {
  readonly #allow: readonly string[];
  readonly #directory: string;
  readonly #storage: string | null;
  readonly #shell: boolean;

  /**
   * @param directory where relative paths start
   * @param rules the folder of the studies, whose own folders are never allowed; whether a shell may run a line, which can
   * name anything
   */
  constructor(
    allow: readonly string[],
    directory: string,
    { storage = null, shell = false }: { readonly storage?: string | null; readonly shell?: boolean | undefined } = {},
  ) {
    this.#allow = allow;
    this.#directory = directory;
    this.#storage = storage;
    this.#shell = shell;
  }

  /** @throws UsageError `not-allowed`. */
  readonly require: MayOpen = async (named) => {
    for (const one of named) await ("words" in one ? this.#requireCommand(one) : this.#requirePath(one));
  };

  async #isAllowed(path: string): Promise<boolean> {
    const real = await realOf(path);
    if (this.#storage !== null) {
      const storage = await realOf(resolve(this.#storage));
      const [first = ""] = relative(storage, real).split(sep);
      if (first !== "" && first !== ".." && ownFolder.test(first)) return false;
    }
    for (const folder of this.#allow) if (isBelow(real, await realOf(resolve(folder)))) return true;
    return false;
  }

  async #requirePath(named: NamedPath): Promise<void> {
    const path = pathOf(named);
    if (await this.#isAllowed(resolve(this.#directory, path))) return;
    throw refused(named.field, named.given ?? path, whyNot(this.#allow));
  }

  /**
   * A program below an allowed folder, or a known interpreter by its name whose first argument is a file there: nothing that a
   * request spells out itself is run.
   */
  async #requireCommand({ words, shell, cwd }: NamedCommand): Promise<void> {
    const line = words.join(" ");
    if (shell && !this.#shell)
      throw refused("shell", line, "would be run by a shell: the service was started without --allow-shell");
    if (!(await this.#isAllowed(resolve(this.#directory, cwd)))) throw refused("cwd", cwd, whyNot(this.#allow));
    if (shell) return;
    const [program = "", first = ""] = words;
    const isFileItself = /[\\/]/.test(program);
    const own = isFileItself ? program : first;
    const path = resolve(this.#directory, cwd, own);
    const isKnown = isFileItself || interpreters.test(program);
    if (isKnown && own !== "" && !own.startsWith("-") && (await isFile(path)) && (await this.#isAllowed(path))) return;
    throw refused(
      "command",
      line,
      this.#allow.length === 0
        ? whyNot(this.#allow)
        : `is refused: its program, or the first argument of an interpreter (python, node, Rscript, bash, …), must be a file below --allow ${this.#allow.join(", ")}`,
    );
  }
}
