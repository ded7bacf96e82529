/** The addon that calls libtensorflow, out of tfjs-node's sources, by one call of a C++ compiler. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MlbenchError, UsageError } from "../../core/index.js";
import { runProgram } from "./run-program.js";

export interface AddonParts {
  /** The package `@tensorflow/tfjs-node`. */
  readonly code: string;
  readonly nodeHeaders: string;
  readonly tensorflowHeaders: string;
  /** With libtensorflow_cc.so.2 and libtensorflow_framework.so.2; `lib` beside the addon. */
  readonly lib: string;
  readonly addon: string;
  /** Kept where the compiler fails. */
  readonly log: string;
}

/**
 * Whoever loads the addon has these before TensorFlow reads them: in a worker thread `process.env` is a copy that C does
 * not see. What is set stays. The same are set in src/tensor/tensorflow.ts, for addons of others.
 */
const ENVIRONMENT = `#include <stdlib.h>
__attribute__((constructor)) static void set_environment(void) {
  setenv("TF_CPP_MIN_LOG_LEVEL", "3", 0);
  setenv("TF_NUM_INTRAOP_THREADS", "1", 0);
  setenv("TF_NUM_INTEROP_THREADS", "1", 0);
}
`;

/**
 * The package keeps the names of ops' attributes in one set for all threads, without a lock: two workers that meet new names
 * at once end the process. Never freed: threads may still compute while the process ends.
 */
const SHARED_NAMES: readonly (readonly [string, string])[] = [
  [
    "static std::set<std::string> ATTR_NAME_SET;",
    `static const char *KeepAttrName(const std::string &name) {
  static std::mutex &mutex = *new std::mutex;
  static std::set<std::string> &names = *new std::set<std::string>;
  const std::lock_guard<std::mutex> hold(mutex);
  return names.insert(name).first->c_str();
}`,
  ],
  ["ATTR_NAME_SET.insert(attr_name_string.c_str()).first->c_str()", "KeepAttrName(attr_name_string.c_str())"],
  ["#include <set>", "#include <mutex>\n#include <set>"],
];

/** Makes the addon's sources fit for several threads. @throws MlbenchError `install-failed` where they are not those known */
export async function makeThreadSafe(binding: string): Promise<void> {
  const file = join(binding, "tfjs_backend.cc");
  let text = await readFile(file, "utf8");
  for (const [found, replacement] of SHARED_NAMES) {
    if (text.split(found).length !== 2)
      throw new MlbenchError(
        "install-failed",
        `${file}: "${found}" does not stand in it once: not the sources expected`,
      );
    text = text.replace(found, () => replacement);
  }
  await writeFile(file, text);
}

/**
 * The first of `$CXX`, g++, c++ and clang++ that there is.
 * @throws UsageError `install-unsupported`
 */
export async function findCompiler(env: NodeJS.ProcessEnv = process.env, signal?: AbortSignal): Promise<string[]> {
  const given = env["CXX"]?.trim().split(/\s+/);
  const candidates = given && given[0] !== "" ? [given] : [["g++"], ["c++"], ["clang++"]];
  for (const command of candidates) {
    const found = await runProgram([...command, "--version"], { signal });
    if (found?.code === 0) return command;
  }
  throw new UsageError(
    "install-unsupported",
    given && given[0] !== ""
      ? `CXX=${given.join(" ")}: that is no C++ compiler here`
      : "a C++ compiler is needed and there is none (g++, c++ or clang++): install one, or name it in CXX",
  );
}

/** @throws MlbenchError `install-failed` with the compiler's first error */
export async function compileAddon(
  compiler: readonly string[],
  parts: AddonParts,
  signal?: AbortSignal,
): Promise<void> {
  const { code, addon, lib, log } = parts;
  await makeThreadSafe(join(code, "binding"));
  const environment = join(code, "binding", "environment.cc");
  await writeFile(environment, ENVIRONMENT);
  const sources = (await readdir(join(code, "binding"))).filter((name) => name.endsWith(".cc")).sort();
  const command = [
    ...compiler,
    ...["-O2", "-fPIC", "-shared", "-std=c++17", "-DNAPI_VERSION=8"],
    ...[parts.nodeHeaders, parts.tensorflowHeaders, code].map((folder) => `-I${folder}`),
    ...sources.map((name) => join(code, "binding", name)),
    ...["-o", addon, `-L${lib}`, "-l:libtensorflow_cc.so.2", "-l:libtensorflow_framework.so.2"],
    "-Wl,-rpath,$ORIGIN/lib",
  ];
  const done = await runProgram(command, { signal });
  if (done?.code === 0) return;
  const output = done?.output ?? "";
  await writeFile(log, `${command.join(" ")}\n${output}`);
  const ending = done?.signal ? `it was ended by ${done.signal}` : firstError(output);
  throw new MlbenchError(
    "install-failed",
    `${compiler.join(" ")} cannot compile the addon: ${ending}; all of it: ${log}`,
  );
}

/** Where there is none that says so, the first line. */
function firstError(output: string): string {
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  const error = lines.find((line) => /error[: ]|undefined reference|cannot find/i.test(line)) ?? lines[0];
  return error?.trim() ?? "it ends without a word";
}
