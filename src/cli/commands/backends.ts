/** `mlbench-hpo backends`: which kernels and tensor backends run on this machine, and why not the others. */
import type { BackendsReport } from "../../app/backends.js";
import type { CommandDefinition } from "../command.js";
import { parseFormat } from "../io.js";
import { printData, renderTable } from "../render.js";
import { formatOption } from "../shared-options.js";

type Row = readonly [kind: string, name: string, state: string, why: string];

function kernelRows({ kernels, chosen_by, isa, isas, native_file }: BackendsReport): Row[] {
  const others = isas.filter((name) => name !== isa);
  const native = `${isa ?? ""}${others.length > 0 ? ` (${others.join(", ")} too)` : ""}, ${native_file ?? ""}`;
  return kernels.map(({ name, chosen, reason }) => {
    const about = { native, relaxed: "WebAssembly with multiply-add", plain: "WebAssembly", none: "op by op" }[name];
    const by = chosen && chosen_by !== "auto" ? `by ${chosen_by}; ` : "";
    return ["kernels", name, reason === null ? (chosen ? "used" : "runs") : "-", by + (reason ?? about)];
  });
}

function backendRows({ backends }: BackendsReport): Row[] {
  return backends.map(({ name, chosen, reason, version }) => [
    "backend",
    name,
    reason === null ? (chosen ? "used" : "runs") : "-",
    reason ?? `TensorFlow.js ${version ?? ""}`,
  ]);
}

/** `mlbench-hpo backends` */
export const backendsCommand: CommandDefinition = (program, { io }) => {
  program
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
};
