/** Pages whose blocks are files and commands: taken apart, and followed in a folder. */
import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { projectRoot } from "../integration/cli.js";

/** A fenced block. */
export interface Block {
  readonly language: string;
  /** What stands behind the language: ```` ```sh exit=2 ```` */
  readonly settings: Readonly<Record<string, string>>;
  readonly text: string;
}

/** The blocks of a page, in its order. */
export function blocksOf(page: string): Block[] {
  return [...page.matchAll(/^```(\w+)((?: \w+=\S+)*)\n([\s\S]*?)^```$/gm)].map(([, language, settings, text]) => ({
    language: language as string,
    settings: settingsOf(settings ?? ""),
    text: text as string,
  }));
}

function settingsOf(text: string): Record<string, string> {
  const found = [...text.matchAll(/(\w+)=(\S+)/g)];
  return Object.fromEntries(found.map(([, key, value]) => [key as string, value as string] as const));
}

/** What a shell said. */
export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder in which `mlbench-hpo`, as a command and as an import, is this checkout's. */
export class PageFolder {
  readonly cwd: string;
  readonly #bin: string;

  private constructor(cwd: string, bin: string) {
    this.cwd = cwd;
    this.#bin = bin;
  }

  static async create(): Promise<PageFolder> {
    const [cwd, bin] = [
      await mkdtemp(join(tmpdir(), "mlbench-hpo-")),
      await mkdtemp(join(tmpdir(), "mlbench-hpo-bin-")),
    ];
    const command = join(bin, "mlbench-hpo");
    const program = join(projectRoot, "bin", "mlbench-hpo.js");
    await writeFile(command, `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`);
    await chmod(command, 0o755);
    const page = new PageFolder(cwd, bin);
    // What `npm install` of the checkout does in a folder with a package of its own.
    await page.write("package.json", '{ "private": true }');
    await mkdir(join(cwd, "node_modules"));
    await symlink(projectRoot, join(cwd, "node_modules", "mlbench-hpo"));
    return page;
  }

  /** Writes a file of the folder. */
  async write(file: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.cwd, file)), { recursive: true });
    await writeFile(join(this.cwd, file), text);
  }

  /** Runs lines as typed in a shell. */
  run(text: string): Promise<Said> {
    return new Promise((resolve) => {
      const path = [this.#bin, dirname(process.execPath), process.env["PATH"]].join(delimiter);
      const env = { ...process.env, NO_COLOR: "1", PATH: path };
      const child = execFile("sh", ["-e", "-c", text], { cwd: this.cwd, env }, (_error, stdout, stderr) => {
        resolve({ code: child.exitCode ?? -1, stdout, stderr });
      });
    });
  }

  async remove(): Promise<void> {
    for (const folder of [this.cwd, this.#bin]) await rm(folder, { recursive: true, force: true });
  }
}

/** Lines without their numbers, and without what these do to widths and bars. */
export function shapeOf(text: string): string[] {
  return text.split("\n").map((line) =>
    line
      .replaceAll(/-?\d+(?:\.\d+)?(?:e-?\d+)?/g, "#")
      .replaceAll(/[█▉▊▋▌▍▎▏]+/g, "█")
      .replaceAll(/\s+/g, " ")
      .trim(),
  );
}

/** What of a page is not as it says. */
export interface Followed {
  /** Commands that failed, with what they said, and lines that are shown and were not printed. */
  readonly wrong: readonly string[];
  /** Blocks of output that it shows. */
  readonly shown: number;
}

/** Runs every command of a page of docs/ in its order in a folder, and looks for what it shows, but for numbers. */
export async function followPage(name: string, folder: PageFolder): Promise<Followed> {
  let printed: readonly string[] = [];
  const wrong: string[] = [];
  let shown = 0;
  for (const { language, settings, text } of blocksOf(await readFile(join(projectRoot, "docs", name), "utf8"))) {
    if (settings["file"]) await folder.write(settings["file"], text);
    if (language === "sh") {
      const { code, stdout, stderr } = await folder.run(text);
      if (code !== 0) wrong.push(`${text}${stderr}`);
      printed = shapeOf(stdout);
      continue;
    }
    if (language !== "text" && language !== "json") continue;
    wrong.push(...shapeOf(text).filter((line) => line !== "" && !printed.includes(line)));
    shown++;
  }
  return { wrong, shown };
}
