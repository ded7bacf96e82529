/** The error codes in the sources, found by reading them: each with its exit codes and one place where it is thrown. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";

export interface ErrorCode {
  readonly exitCodes: Set<number>;
  /** `src/study/study.ts:118` */
  readonly place: string;
  /** `unknown-` of `unknown-model`, which is put together with what was not found; null for a literal. */
  readonly family: string | null;
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

/** The kinds that codes are put together with, as in `unknown-model`. */
interface Kinds {
  /** Of all registries: `registryOf("model")`. */
  readonly registered: readonly string[];
  /** Those, and what `unknownName("kind", …)` is called with. */
  readonly named: readonly string[];
  /** Of the registries that `createComponent(samplers, …)` is called with. */
  readonly components: readonly string[];
}

function kindsOf(trees: readonly ts.SourceFile[]): Kinds {
  const registries = new Map<string, string>();
  const [made, named] = [new Set<string>(), new Set<string>()];
  for (const tree of trees)
    visit(tree, (node) => {
      if (!ts.isCallExpression(node)) return;
      const [first] = node.arguments;
      const callee = node.expression.getText();
      if (callee === "createComponent" && first) made.add(first.getText());
      if (!first || !ts.isStringLiteralLike(first)) return;
      if (callee === "registryOf" && ts.isVariableDeclaration(node.parent))
        registries.set(node.parent.name.getText(), first.text);
      if (callee === "unknownName") named.add(first.text);
    });
  const registered = [...registries.values()];
  const components = [...registries].flatMap(([variable, kind]) => (made.has(variable) ? [kind] : []));
  return { registered, named: [...registered, ...named], components };
}

/** The codes that a text with one kind in it stands for; null where that is not known. */
function codesOfTemplate({ head, templateSpans }: ts.TemplateExpression, kinds: Kinds): string[] | null {
  const [span] = templateSpans;
  if (!span || templateSpans.length > 1) return null;
  const tail = span.literal.text;
  const which = new Map<string, readonly string[]>([
    ["this.kind", kinds.registered],
    ["kind", kinds.named],
    ["kind-option", kinds.components],
  ]).get(span.expression.getText() + tail);
  return which?.map((kind) => head.text + kind + tail) ?? null;
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

/** The literals `code: "…"` of a table in the same file, for `table[kind].code`; null for anything else. */
function codesOfTable(argument: ts.Expression): string[] | null {
  const table = /^(\w+)\[\w+\]\.code$/.exec(argument.getText())?.[1];
  if (table === undefined) return null;
  const found: string[] = [];
  visit(argument.getSourceFile(), (node) => {
    if (!ts.isVariableDeclaration(node) || node.name.getText() !== table || !node.initializer) return;
    visit(node.initializer, (part) => {
      if (!ts.isPropertyAssignment(part) || part.name.getText() !== "code") return;
      if (ts.isStringLiteralLike(part.initializer)) found.push(part.initializer.text);
    });
  });
  return found.length > 0 ? found : null;
}

/** The codes that an argument can be; null when that cannot be told. */
function codesIn(argument: ts.Expression, kinds: Kinds): string[] | null {
  if (ts.isStringLiteralLike(argument)) return [argument.text];
  if (ts.isConditionalExpression(argument)) {
    const parts = [argument.whenTrue, argument.whenFalse].map((part) => codesIn(part, kinds));
    return parts.includes(null) ? null : parts.flatMap((part) => part ?? []);
  }
  if (ts.isTemplateExpression(argument)) return codesOfTemplate(argument, kinds);
  const ofTable = codesOfTable(argument);
  if (ofTable) return ofTable;
  // Handed on: from another error, from an answer, or from a constructor's caller.
  return /(^|\.)code$/.test(argument.getText()) ? [] : null;
}

/** Reads all of `src/`. */
export function errorCodes(root: string): FoundCodes {
  const trees = parse(root);
  const classes = errorClasses(trees);
  const kinds = kindsOf(trees);
  const codes = new Map<string, ErrorCode>();
  const unread: string[] = [];
  const add = (code: string, exitCode: number, place: string, family: string | null = null): void => {
    const known = codes.get(code) ?? { exitCodes: new Set(), place, family };
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
      const family = ts.isTemplateExpression(thrown.argument) ? thrown.argument.head.text : null;
      for (const code of found ?? []) add(code, thrown.exitCode, place, family);
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
