/** Links of the pages, their anchors, and the files that pages and comments name: all of them are there. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
/** Top folders that are ours; others hold what was installed or made. */
const folders = [".ci", "bench", "bin", "docs", "examples", "packaging", "src", "studies/presets", "test"];

const below = (folder: string): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll("\\", "/"));
const top = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isFile());
const files = [...top.map(({ name }) => name), ...folders.flatMap(below)];
/** Files and folders, by their paths from the root. */
const places = new Set(files.flatMap((file) => file.split("/").map((_, i, parts) => parts.slice(0, i + 1).join("/"))));
const pages = files.filter((file) => file.endsWith(".md"));
const read = (file: string): string => readFileSync(join(root, file), "utf8");

/** GitHub's names of a page's headings. */
function anchorsOf(page: string): Set<string> {
  const seen = new Map<string, number>();
  const headings = withoutCode(read(page), "fences").matchAll(/^#{1,6} +(.*?) *#*$/gm);
  return new Set(
    [...headings].map(([, heading]) => {
      const text = (heading as string).replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
      const slug = text.replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, "").replaceAll(" ", "-");
      const before = seen.get(slug) ?? 0;
      seen.set(slug, before + 1);
      return before ? `${slug}-${before}` : slug;
    }),
  );
}

function withoutCode(text: string, what: "fences" | "all"): string {
  const plain = text.replace(/^ *(```|~~~)[\s\S]*?^ *\1 *$/gm, "");
  return what === "all" ? plain.replace(/(`+)[\s\S]*?\1/g, "") : plain;
}

/** The relative links of a page, from `[text](link)`, `[text][name]` and `<a href>`. */
function linksOf(text: string): string[] {
  const plain = withoutCode(text, "all");
  const links = [
    ...plain.matchAll(/\]\(\s*<?([^)>\s]+)>?(?:\s+"[^"]*")?\s*\)/g),
    ...plain.matchAll(/^ *\[[^\]]+\]: *<?([^>\s]+)/gm),
    ...plain.matchAll(/\b(?:href|src)="([^"]+)"/g),
  ].map(([, link]) => link as string);
  return links.filter((link) => !/^[a-z][a-z0-9+.-]*:|^\/\//i.test(link));
}

/** What is wrong with a link; null when it leads somewhere. */
function wrongWith(page: string, link: string): string | null {
  const [path = "", anchor] = decodeURI(link).split("#");
  const target = path === "" ? page : posix.normalize(posix.join(posix.dirname(page), path)).replace(/\/$/, "");
  if (!places.has(target)) return `there is no ${target}`;
  if (anchor === undefined || !target.endsWith(".md")) return null;
  return anchorsOf(target).has(anchor) ? null : `${target} has no heading "#${anchor}"`;
}

test("the pages are found", () => {
  for (const page of ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/tutorial.md", "docs/decisions/README.md"])
    expect(pages).toContain(page);
});

test.each(pages)("%s: every relative link leads somewhere, to its heading", (page) => {
  const dead = linksOf(read(page)).flatMap((link) => {
    const wrong = wrongWith(page, link);
    return wrong ? [`${link}: ${wrong}`] : [];
  });
  expect(dead).toEqual([]);
});

test("links, anchors and headings are read as GitHub reads them", () => {
  const text = 'see [a](x.md#y "t"), [b][c], `[d](no.md)`\n```\n[e](no.md)\n```\n[c]: z.md\n[f](https://x.org/a.md)';
  expect(linksOf(text)).toEqual(["x.md#y", "z.md"]);
  expect(anchorsOf("docs/tutorial.md")).toContain("2-train-something-and-look-at-the-baselines-first");
  expect(wrongWith("docs/tutorial.md", "no.md")).toBe("there is no docs/no.md");
  expect(wrongWith("docs/decisions/README.md", "../tutorial.md#7-when-the-plug-in-changes")).toBeNull();
  expect(wrongWith("docs/tutorial.md", "#7-when-it-rains")).toBe('docs/tutorial.md has no heading "#7-when-it-rains"');
});

test("every file of ours that a page names is there", () => {
  const named = /(?<![\w./-])(?:\.ci|bench|bin|docs|examples|packaging|src|test)\/[\w./-]*\.\w+\b/g;
  const missing = pages.flatMap((page) =>
    (read(page).match(named) ?? [])
      .filter((path) => !path.includes("NAME") && !places.has(path))
      .map((path) => `${page}: ${path}`),
  );
  expect(missing).toEqual([]);
});

test("every file that a comment names with its folder is there", () => {
  const sources = files.filter((file) => /\.(ts|mts|mjs|js)$/.test(file) && file !== "test/unit/docs/links.test.ts");
  const missing = sources.flatMap((file) =>
    (read(file).match(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*/g) ?? [])
      .flatMap((comment) => comment.match(/(?<![\w./-])[\w-]+(?:\/[\w-]+)+\.(?:ts|mjs|js|py|md)\b/g) ?? [])
      .filter((path) => !path.includes("NAME") && !files.some((known) => `/${known}`.endsWith(`/${path}`)))
      .map((path) => `${file}: ${path}`),
  );
  expect(missing).toEqual([]);
});

test("the list of decisions has each of them", () => {
  const listed = linksOf(read("docs/decisions/README.md"));
  const records = files.filter((file) => /^docs\/decisions\/\d{4}-.*\.md$/.test(file));
  expect(listed.sort()).toEqual(records.map((file) => posix.basename(file)).sort());
});
