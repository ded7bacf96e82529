/** The examples in the library's documentation comments: the main exports have one, and all of them compile. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import ts from "typescript";
import { beforeAll, expect, test } from "vitest";
import { projectRoot } from "../../integration/cli.js";
import { blocksOf } from "../../pages/page.js";
import { requireTypes } from "../../require-types.js";

beforeAll(requireTypes);

const dist = join(projectRoot, "dist").replaceAll("\\", "/");
const root = `${dist}/index.d.ts`;
const options: ts.CompilerOptions = {
  ...{ module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
  ...{ target: ts.ScriptTarget.ES2022, lib: ["lib.es2023.d.ts"], strict: true, skipLibCheck: true, noEmit: true },
  ...{ types: ["node"], noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true },
};

/** Functions and classes that are called now and then, by those who write parts of their own. */
const withoutExample = [
  ...["commandStudy", "createExecutor", "createPruner", "createSampler", "evaluate", "loadTables", "parseSpace"],
  ...["trainOneEpoch", "valueAtQuantile", "ForwardModel", "MlbenchError", "ParzenEstimator", "Places", "Registry"],
  ...["StudyLockedError", "MatFormatError"],
];

interface Exported {
  readonly name: string;
  readonly isValue: boolean;
  readonly isCalled: boolean;
  readonly examples: readonly string[];
}

/** The exports of the package, with the examples of their comments (those of a class's methods included). */
function exportsOf(program: ts.Program): Exported[] {
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(root) as ts.SourceFile) as ts.Symbol;
  return checker.getExportsOfModule(module).map((exported) => {
    const { Alias, Value, Function, Class } = ts.SymbolFlags;
    const symbol = exported.flags & Alias ? checker.getAliasedSymbol(exported) : exported;
    const members = symbol.flags & Class ? [...(symbol.members?.values() ?? [])] : [];
    const ours = symbol.declarations?.some((declaration) => declaration.getSourceFile().fileName.startsWith(dist));
    const tags = ours ? [symbol, ...members].flatMap((of) => of.getJsDocTags(checker)) : [];
    return {
      name: exported.name,
      isValue: (symbol.flags & Value) !== 0 && !isTypeOnly(exported),
      isCalled: ours === true && (symbol.flags & (Function | Class)) !== 0 && !isTypeOnly(exported),
      examples: tags.flatMap((tag) => (tag.name === "example" ? ts.displayPartsToString(tag.text) : [])),
    };
  });
}

function isTypeOnly(symbol: ts.Symbol): boolean {
  return symbol.declarations?.some(ts.isTypeOnlyImportOrExportDeclaration) ?? false;
}

const parsed = new Map<string, ts.SourceFile | undefined>();
const onDisk = ts.createCompilerHost(options);
/** Parses a file of the disk once for all programs: they share the declarations of the language, of Node and ours. */
const sharing: ts.CompilerHost = {
  ...onDisk,
  getSourceFile: (file, version) => {
    if (!parsed.has(file)) parsed.set(file, onDisk.getSourceFile(file, version));
    return parsed.get(file);
  },
};

/** What is wrong with programs of one example each, which may use every export. */
function mistakes(programs: ReadonlyMap<string, string>): string[] {
  const host: ts.CompilerHost = {
    ...sharing,
    fileExists: (file) => programs.has(file) || sharing.fileExists(file),
    readFile: (file) => programs.get(file) ?? sharing.readFile(file),
    getSourceFile: (file, version, ...rest) => {
      const text = programs.get(file);
      return text === undefined
        ? sharing.getSourceFile(file, version, ...rest)
        : ts.createSourceFile(file, text, version);
    },
  };
  const program = ts.createProgram([...programs.keys()], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
    return `${file?.fileName.split("/").pop() ?? ""}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
  });
}

test("the files of docs/typescript.md compile, and the page shows them as they are", async () => {
  const folder = join(projectRoot, "examples", "typescript");
  const page = await readFile(join(projectRoot, "docs", "typescript.md"), "utf8");
  const programs = new Map<string, string>();
  for (const [i, { settings, text }] of blocksOf(page).entries())
    if (settings["from"]) expect(await readFile(join(folder, settings["from"]), "utf8")).toContain(text);
    else programs.set(`${dist}/page-${i}.ts`, text.replaceAll('"mlbench-hpo"', '"./index.js"'));
  for (const file of await readdir(folder)) {
    const text = await readFile(join(folder, file), "utf8");
    programs.set(`${dist}/${file}`, text.replaceAll('"mlbench-hpo"', '"./index.js"'));
  }
  expect(programs.size).toBe(4);
  expect(mistakes(programs)).toEqual([]);
}, 60_000);

test("every export, and every field of an interface of options, says what it is", () => {
  const program = ts.createProgram([root, `${dist}/testing/index.d.ts`], options, sharing);
  const checker = program.getTypeChecker();
  const isOurs = (symbol: ts.Symbol): boolean =>
    symbol.declarations?.some((declaration) => {
      const { fileName } = declaration.getSourceFile();
      return fileName.startsWith(dist) && !fileName.startsWith(`${dist}/vendor/`) && !ts.isSourceFile(declaration);
    }) ?? false;
  const says = (symbol: ts.Symbol): boolean =>
    symbol.getDocumentationComment(checker).length > 0 || symbol.getJsDocTags(checker).length > 0;
  const silent: string[] = [];
  let fields = 0;
  for (const file of program.getRootFileNames()) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(file) as ts.SourceFile) as ts.Symbol;
    for (const exported of checker.getExportsOfModule(module)) {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      if (!isOurs(symbol)) continue;
      if (!says(symbol) && !says(exported)) silent.push(exported.name);
      if (!/(Options|Request|Spec|Config)$/.test(exported.name) || !(symbol.flags & ts.SymbolFlags.Interface)) continue;
      for (const member of symbol.members?.values() ?? []) {
        if (member.flags & ts.SymbolFlags.TypeParameter) continue;
        fields++;
        if (!says(member)) silent.push(`${exported.name}.${member.name}`);
      }
    }
  }
  expect(fields).toBeGreaterThan(100);
  expect(silent).toEqual([]);
}, 60_000);

test("the main exports have an example, and every example compiles", () => {
  const found = exportsOf(ts.createProgram([root], options, sharing));
  const bare = found.filter(({ isCalled, examples }) => isCalled && examples.length === 0).map(({ name }) => name);
  expect(bare.filter((name) => !withoutExample.includes(name))).toEqual([]);
  const values = found.filter(({ isValue }) => isValue).map(({ name }) => name);
  const types = found.filter(({ isValue }) => !isValue).map(({ name }) => name);
  const head = `import { ${values.join(", ")} } from "./index.js";
import type { ${types.join(", ")} } from "./index.js";
declare class Mine extends ForwardModel {
  constructor(params: object, facts: ModelFacts);
  protected predictNormalised(): Tensor2D;
}
`;
  const programs = new Map([[`${dist}/mine.d.ts`, 'export const Mine: import("./index.js").ModelConstructor;\n']]);
  for (const { name, examples } of found)
    for (const [i, text] of examples.entries())
      programs.set(`${dist}/example-${name}-${i}.ts`, `${head}${text}\nexport {};\n`);
  expect(programs.size).toBeGreaterThan(40);
  expect(mistakes(programs)).toEqual([]);
}, 60_000);
