// Copies the declarations of TensorFlow.js's core into dist/vendor/tfjs, so that types need no dependency: those that its
// index reaches, with the file endings that Node's module resolution wants, and names of browsers, which a program for
// Node has no library of, as unknown types.
//   node vendor-types.mjs FOLDER
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, posix } from "node:path";
import ts from "typescript";

/** A module that is named inside a declaration: in `from "…"`, `import "…"`, `import("…")`. */
const specifier = /((?:\bfrom|\bimport)\s*\(?\s*)(['"])([^'"]+)\2/g;

/** The file, relative to `root`, that a module name in `file` means; null for one of another package. */
function resolved(root, file, name) {
  const self = "@tensorflow/tfjs-core/dist/";
  if (!name.startsWith(".") && !name.startsWith(self)) return null;
  const path = name.startsWith(self) ? name.slice(self.length) : posix.join(posix.dirname(file), name);
  return [`${path}.d.ts`, `${path}/index.d.ts`].find((candidate) => existsSync(join(root, candidate))) ?? null;
}

/** The declarations that `index` reaches, by file. */
function declarations(root, index) {
  const files = new Map();
  const todo = [index];
  for (let file = todo.pop(); file !== undefined; file = todo.pop()) {
    if (files.has(file)) continue;
    const text = readFileSync(join(root, file), "utf8").replace(/^\/\/\/ <(?:amd-module|reference) .*\n/gm, "");
    files.set(
      file,
      text.replace(specifier, (whole, before, quote, name) => {
        const target = resolved(root, file, name);
        if (target === null) return whole;
        todo.push(target);
        const path = posix.relative(posix.dirname(file), target).replace(/\.d\.ts$/, ".js");
        return `${before}${quote}${path.startsWith(".") ? path : `./${path}`}${quote}`;
      }),
    );
  }
  return files;
}

/** Names that a program without a browser's library, or without the packages behind them, can't find: file -> names. */
function missingNames(folder, files) {
  const program = ts.createProgram(
    [...files.keys()].map((file) => join(folder, file)),
    {
      ...{ noEmit: true, strict: true, types: [], lib: ["lib.es2023.d.ts"], skipLibCheck: false },
      ...{ target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext },
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
    },
  );
  const missing = new Map();
  for (const { file, code, messageText } of ts.getPreEmitDiagnostics(program)) {
    const text = ts.flattenDiagnosticMessageText(messageText, "\n");
    const name = /^Cannot find name '(\w+)'/.exec(text)?.[1];
    if (!file || !name) throw new Error(`TensorFlow.js's types: ${file?.fileName ?? ""}: TS${code}: ${text}`);
    missing.set(file.fileName, (missing.get(file.fileName) ?? new Set()).add(name));
  }
  return missing;
}

/** @param from the folder of the package's built files. @param to the folder to make, with `index.d.ts` in it. */
function copyTensorflowTypes(from, to) {
  rmSync(to, { recursive: true, force: true });
  const files = declarations(from, "index.d.ts");
  for (const [file, text] of files) {
    mkdirSync(dirname(join(to, file)), { recursive: true });
    writeFileSync(join(to, file), text);
  }
  const missing = missingNames(to, files);
  const names = [...new Set([...missing.values()].flatMap((of) => [...of]))].sort();
  for (const [path, of] of missing) {
    const text = readFileSync(path, "utf8");
    const back = posix.relative(dirname(path), join(to, "browser.js"));
    const module = back.startsWith(".") ? back : `./${back}`;
    writeFileSync(path, `import type { ${[...of].sort().join(", ")} } from "${module}";\n${text}`);
  }
  const types = names.map((name) =>
    /^[A-Z]/.test(name) ? `export type ${name}<_ = unknown> = unknown;\n` : `export declare const ${name}: unknown;\n`,
  );
  writeFileSync(
    join(to, "browser.d.ts"),
    `/** What TensorFlow.js names of browsers and of other packages. */\n${types.join("")}`,
  );
  const left = missingNames(to, files);
  if (left.size > 0) throw new Error(`TensorFlow.js's types: ${[...left.keys()].join(", ")}: names are missing`);
}

const core = createRequire(import.meta.url).resolve("@tensorflow/tfjs-core/package.json");
copyTensorflowTypes(join(dirname(core), "dist"), process.argv[2]);
