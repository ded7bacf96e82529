import js from "@eslint/js";
import globals from "globals";
import tseslint from "typescript-eslint";

/** The rooms of src/ whose files all begin with a sentence that says what the file holds. */
/** A file begins with one `/** … *\/` sentence of its own: imports, re-exports or a blank line come behind it. */
const headerSentence = {
  meta: { type: "suggestion", schema: [] },
  create: (context) => ({
    Program(program) {
      const { sourceCode } = context;
      const [header] = sourceCode.getAllComments();
      const isHeader =
        header?.type === "Block" && header.range[0] === 0 && /^\*\s+(\* )?\S.*\.\s*$/s.test(header.value);
      const message = "begin the file with a /** sentence. */ that says what the file holds";
      if (!isHeader) return context.report({ node: program, loc: { line: 1, column: 0 }, message });
      const [first] = program.body;
      const next = sourceCode.getTokenAfter(header, { includeComments: true });
      const ownLine = !next || next.loc.start.line > header.loc.end.line + 1;
      const stands = first && (first.type === "ImportDeclaration" || first.source) && next.range[0] === first.range[0];
      if (!ownLine && !stands)
        context.report({ node: program, loc: header.loc, message: "leave a blank line behind the file's sentence" });
    },
  }),
};

export default tseslint.config(
  { ignores: ["dist/", "prebuilds/", "node_modules/", "artifacts/", "coverage/", "src/**/assembly/"] },
  // Checked where they are installed: they see the package from outside.
  { ignores: ["test/consumer/", "examples/extension-package/", "examples/typescript/"] },
  {
    files: ["**/*.ts", "**/*.mts", "**/*.tsx"],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { project: ["./tsconfig.test.json", "./web/tsconfig.json"], tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "separate-type-imports" }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/no-empty-object-type": ["error", { allowInterfaces: "with-single-extends" }],
    },
  },
  {
    // What runs as it stands: builds, benchmarks, examples, children of tests.
    files: ["**/*.mjs", "**/*.js"],
    extends: [js.configs.recommended],
    languageOptions: { globals: globals.nodeBuiltin },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: { "no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }] },
  },
  {
    // Parts of them run in the pages that they look at.
    files: ["test/browser/*.mjs", "docs/pictures/*.mjs", "bench/dashboard*.mjs"],
    languageOptions: { globals: globals.browser },
  },
  {
    files: ["src/**/*.ts", "web/**/*.ts", "web/**/*.tsx"],
    plugins: { own: { rules: { "header-sentence": headerSentence } } },
    rules: { "own/header-sentence": "error" },
  },
  {
    files: ["src/study/**/*.ts"],
    ignores: ["src/study/clock.ts"],
    rules: {
      "no-restricted-syntax": [
        "error",
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: "records have their times from clock.ts",
        },
      ],
    },
  },
);
