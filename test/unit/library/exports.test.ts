import { join } from "node:path";
import ts from "typescript";
import { beforeAll, expect, test } from "vitest";
import { projectRoot } from "../../integration/cli.js";
import { requireTypes } from "../../require-types.js";

beforeAll(requireTypes);

const dist = join(projectRoot, "dist").replaceAll("\\", "/");
const [root, suites] = [`${dist}/index.d.ts`, `${dist}/testing/index.d.ts`];

/** Taken by what a program does not call: a study is made by `createStudy`, a file system is given by our own tests. */
const within = [
  ...["StudyParts", "PrepareRunner", "ReportKeeper", "LeaseClock", "FileSystem", "FileStatus", "StateExtras"],
  ...["LockSystem", "ProcessIdentity", "ProcessView"],
  ...[
    "StudyLog",
    "LogHooks",
    "PredictionParts",
    "PredictionMember",
    "WindowSplit",
    "WindowSource",
    "Windows",
    "Rows",
    "Truth",
    // What the host asks by, and is asked.
    "RunControl",
    "DrawOptions",
    "StillWanted",
  ],
];
/** Bases whose keys stand in what is exported, and a class that is handed out as its contract. */
const bases = ["FileArtifacts", "RunOptions", "StudyRecords"];

const TYPES = ts.SymbolFlags.Interface | ts.SymbolFlags.TypeAlias | ts.SymbolFlags.Class | ts.SymbolFlags.Enum;

function isTopLevel(declaration: ts.Declaration): boolean {
  return ts.isVariableDeclaration(declaration) || declaration.parent?.kind === ts.SyntaxKind.SourceFile;
}

/** The types of ours that the exports of some modules speak of and none of them exports. */
function unnamed(files: readonly string[]): string[] {
  const { ModuleKind, ModuleResolutionKind, ScriptTarget } = ts;
  const program = ts.createProgram(files, {
    ...{ module: ModuleKind.NodeNext, moduleResolution: ModuleResolutionKind.NodeNext, target: ScriptTarget.ES2022 },
    ...{ skipLibCheck: true, strict: true, types: [] },
  });
  const checker = program.getTypeChecker();
  const aliased = (symbol: ts.Symbol): ts.Symbol =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const exported = new Set(
    files.flatMap((file) => {
      const module = checker.getSymbolAtLocation(program.getSourceFile(file) as ts.SourceFile) as ts.Symbol;
      return checker.getExportsOfModule(module).map(aliased);
    }),
  );
  const ours = (node: ts.Node): boolean => {
    const { fileName } = node.getSourceFile();
    return fileName.startsWith(dist) && !fileName.startsWith(`${dist}/vendor/`);
  };
  const [seen, missing] = [new Set<ts.Symbol>(), new Set<string>()];
  const visitSymbol = (symbol: ts.Symbol): void => {
    if (seen.has(symbol)) return;
    seen.add(symbol);
    for (const declaration of symbol.declarations ?? [])
      if (ours(declaration) && !ts.isSourceFile(declaration)) visit(declaration);
  };
  const visit = (node: ts.Node): void => {
    const found = ts.isIdentifier(node) ? checker.getSymbolAtLocation(node) : undefined;
    const symbol = found && aliased(found);
    if (symbol?.declarations?.some((declaration) => ours(declaration) && isTopLevel(declaration))) {
      if (symbol.flags & TYPES && !exported.has(symbol)) missing.add(symbol.name);
      visitSymbol(symbol);
    }
    ts.forEachChild(node, visit);
  };
  for (const symbol of exported) visitSymbol(symbol);
  return [...missing].sort();
}

test("every type that the library hands out or takes has a name that a program can import", () => {
  expect(unnamed([root])).toEqual([...within, ...bases].sort());
  expect(unnamed([root, suites]).filter((name) => ![...within, ...bases].includes(name))).toEqual([]);
}, 60_000);
