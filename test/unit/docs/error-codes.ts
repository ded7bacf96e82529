/** The error codes in the sources, found by reading them: each with its exit codes and one place where it is thrown. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";

export interface ErrorCode {
  readonly exitCodes: Set<number>;
  /** `src/study/study.ts:118` */
  readonly place: string;
}

export interface FoundCodes {
  readonly codes: ReadonlyMap<string, ErrorCode>;
  /** Places whose code is neither a literal nor handed on from another error. */
  readonly unread: readonly string[];
}

function parse(root: string): ts.SourceFile[] {
  return readdirSync(join(root, "src"), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.includes("assembly"))
    .map((file) => ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true));
}

function visit(node: ts.Node, action: (node: ts.Node) => void): void {
  action(node);
  ts.forEachChild(node, (child) => {
    visit(child, action);
  });
}

/** Error classes of ours by name, each with the name of the one that it extends. */
function errorClasses(trees: readonly ts.SourceFile[]): ReadonlyMap<string, string> {
  const parents = new Map<string, string>();
  for (const tree of trees)
    visit(tree, (node) => {
      const parent = ts.isClassDeclaration(node)
        ? node.heritageClauses?.[0]?.types[0]?.expression.getText()
        : undefined;
      if (parent && ts.isClassDeclaration(node) && node.name) parents.set(node.name.text, parent);
    });
  const isOurs = (name: string | undefined): boolean =>
    name !== undefined && (name === "MlbenchError" || isOurs(parents.get(name)));
  return new Map([...parents].filter(([name]) => isOurs(name)));
}

/** What `registryOf("…")` and `unknownName("…", …)` are called with: the kinds in codes such as `unknown-model`. */
function kindsOf(trees: readonly ts.SourceFile[], callee: string): string[] {
  const kinds = new Set<string>();
  for (const tree of trees)
    visit(tree, (node) => {
      if (!ts.isCallExpression(node) || node.expression.getText() !== callee) return;
      const [kind] = node.arguments;
      if (kind && ts.isStringLiteralLike(kind)) kinds.add(kind.text);
    });
  return [...kinds];
}

/** The literals of type aliases such as `MatErrorCode`, by alias. */
function codeTypes(trees: readonly ts.SourceFile[]): Map<string, string[]> {
  const types = new Map<string, string[]>();
  for (const tree of trees)
    visit(tree, (node) => {
      if (!ts.isTypeAliasDeclaration(node) || !node.name.text.endsWith("ErrorCode")) return;
      const found: string[] = [];
      visit(node.type, (part) => {
        if (ts.isStringLiteral(part)) found.push(part.text);
      });
      types.set(node.name.text, found);
    });
  return types;
}

/** The codes that an argument can be; null when that cannot be told. */
function codesIn(argument: ts.Expression, kinds: { registered: string[]; unknown: string[] }): string[] | null {
  if (ts.isStringLiteralLike(argument)) return [argument.text];
  if (ts.isConditionalExpression(argument)) {
    const parts = [argument.whenTrue, argument.whenFalse].map((part) => codesIn(part, kinds));
    return parts.includes(null) ? null : parts.flatMap((part) => part ?? []);
  }
  if (ts.isTemplateExpression(argument) && argument.templateSpans.length === 1) {
    const span = argument.templateSpans[0]?.expression.getText();
    const names = span === "this.kind" ? kinds.registered : span === "kind" ? kinds.unknown : null;
    return names?.map((name) => argument.head.text + name) ?? null;
  }
  // Handed on: from another error, from an answer, or from a constructor's caller.
  return /(^|\.)code$/.test(argument.getText()) ? [] : null;
}

/** Reads all of `src/`. */
export function errorCodes(root: string): FoundCodes {
  const trees = parse(root);
  const classes = errorClasses(trees);
  const registered = kindsOf(trees, "registryOf");
  const kinds = { registered, unknown: [...registered, ...kindsOf(trees, "unknownName")] };
  const codes = new Map<string, ErrorCode>();
  const unread: string[] = [];
  const add = (code: string, exitCode: number, place: string): void => {
    const known = codes.get(code) ?? { exitCodes: new Set(), place };
    known.exitCodes.add(exitCode);
    codes.set(code, known);
  };
  for (const tree of trees)
    visit(tree, (node) => {
      const thrown = thrownBy(node, classes);
      if (!thrown?.argument) return;
      const line = tree.getLineAndCharacterOfPosition(node.getStart()).line + 1;
      const place = `${relative(root, tree.fileName).replaceAll("\\", "/")}:${line}`;
      const found = codesIn(thrown.argument, kinds);
      if (found === null) unread.push(`${place}: ${thrown.argument.getText()}`);
      for (const code of found ?? []) add(code, thrown.exitCode, place);
    });
  for (const [name, found] of codeTypes(trees)) for (const code of found) add(code, 2, `type ${name}`);
  return { codes, unread };
}

/** The code's argument and the exit code of `new UsageError(…)`, or of a subclass's `super(…)`. */
function thrownBy(
  node: ts.Node,
  parents: ReadonlyMap<string, string>,
): { argument: ts.Expression | undefined; exitCode: number } | null {
  const isError = (name: string | undefined): boolean => name === "MlbenchError" || parents.has(name ?? "");
  let made: string | undefined;
  if (ts.isNewExpression(node)) made = node.expression.getText();
  else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.SuperKeyword)
    made = parents.get(classAround(node) ?? "");
  // A subclass with a constructor of its own says its code there.
  if (!isError(made) || (made !== "MlbenchError" && made !== "UsageError")) return null;
  const call = node as ts.NewExpression | ts.CallExpression;
  if (classAround(node) === "UsageError") return null;
  const stated = /\bexitCode: (\d)/.exec(call.arguments?.[2]?.getText() ?? "")?.[1];
  return { argument: call.arguments?.[0], exitCode: stated ? Number(stated) : made === "UsageError" ? 2 : 1 };
}

function classAround(node: ts.Node): string | undefined {
  let around: ts.Node | undefined = node;
  while (around && !ts.isClassDeclaration(around)) around = around.parent;
  return around?.name?.text;
}
