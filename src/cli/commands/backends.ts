/** `mlbench-hpo backends`: which kernels and tensor backends run on this machine; one of them installed, uninstalled. */
import type { BackendsReport } from "../../app/backends.js";
import type { Command } from "commander";
import type { CommandContext, CommandDefinition } from "../command.js";
import { withInterrupt } from "../interrupt.js";
import { parseFormat, printLine } from "../io.js";
import { megabytes, printData, renderTable } from "../render.js";
import { formatOption } from "../shared-options.js";

type Row = readonly [kind: string, name: string, state: string, why: string];

function aboutNative({ isa, isas, native_file, native_origin, native_compiler }: BackendsReport): string {
  const others = isas.filter((name) => name !== isa);
  const by = native_compiler === null ? "" : ` by ${native_compiler}`;
  const origin = native_origin === "built" ? `built here${by}` : `prebuilt${by}`;
  return `${isa ?? ""}${others.length > 0 ? ` (${others.join(", ")} too)` : ""}; ${origin}; ${native_file ?? ""}`;
}

function kernelRows(report: BackendsReport): Row[] {
  const { kernels, chosen_by } = report;
  return kernels.map(({ name, chosen, reason, remedy }) => {
    const what = { relaxed: "WebAssembly with multiply-add", plain: "WebAssembly", none: "op by op" };
    const by = chosen && chosen_by !== "auto" ? `by ${chosen_by}; ` : "";
    if (reason !== null) return ["kernels", name, "-", `${by}${reason}${remedy === null ? "" : `; ${remedy}`}`];
    return ["kernels", name, chosen ? "used" : "runs", by + (name === "native" ? aboutNative(report) : what[name])];
  });
}

/** TensorFlow's own version, its size and where it is. */
function aboutTensorflow({ tensorflow }: BackendsReport): string {
  if (!tensorflow) return "";
  const { version, bytes, folder } = tensorflow;
  const size = bytes === null ? "" : `${megabytes(bytes)}, `;
  return `, TensorFlow${version === null ? "" : ` ${version}`}, ${size}${folder}`;
}

function backendRows(report: BackendsReport): Row[] {
  const { backends } = report;
  return backends.map(({ name, chosen, reason, version }) => [
    "backend",
    name,
    reason === null ? (chosen ? "used" : "runs") : "-",
    reason ?? `TensorFlow.js ${version ?? ""}${name === "tensorflow" ? aboutTensorflow(report) : ""}`,
  ]);
}

/** `mlbench-hpo backends`, `backends install tensorflow`, `backends uninstall tensorflow`. */
export const backendsCommand: CommandDefinition = (program, context) => {
  const { io } = context;
  const command = program
    .command("backends")
    .description("which kernels and TensorFlow.js backends run here, and why not the others")
    .addOption(formatOption(["table", "json", "yaml"]))
    .action(async (options: { format: string }) => {
      const { describeBackends } = await import("../../app/backends.js");
      const report = await describeBackends();
      await printData(io, parseFormat(options.format), report, {
        table: () =>
          renderTable<Row>(
            ["what", "name", "state", "about"].map((title, i) => ({ title, text: (row) => row[i] as string })),
            [...kernelRows(report), ...backendRows(report)],
          ),
      });
    });
  addInstall(command, context);
  addUninstall(command, context);
};

function addInstall(parent: Command, { io, setExitCode }: CommandContext): void {
  parent
    .command("install")
    .description("install the TensorFlow backend into the user's cache: from PyPI and npm, compiled here (Linux)")
    .argument("<backend>", "tensorflow")
    .option("--wheel <file|url>", "a wheel of tensorflow-cpu to take in place of PyPI's")
    .option("--sha256 <hex>", "expected SHA-256 of the wheel (default: the published one, for PyPI's)")
    .option("--force", "install anew what is installed")
    .action(async (backend: string, options: { wheel?: string; sha256?: string; force?: boolean }) => {
      const { installBackend } = await import("../install-backend.js");
      if (await withInterrupt((signal) => installBackend(io, backend, options, signal))) return;
      printLine(io.stderr, "interrupted: type the same command to go on");
      setExitCode(130);
    });
}

function addUninstall(parent: Command, { io }: CommandContext): void {
  parent
    .command("uninstall")
    .description("remove what `backends install` put into the user's cache")
    .argument("<backend>", "tensorflow")
    .action(async (backend: string) => {
      const { uninstallBackend } = await import("../install-backend.js");
      await uninstallBackend(io, backend);
    });
}
