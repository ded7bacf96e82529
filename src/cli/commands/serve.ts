/** `mlbench-hpo serve`: the studies of a folder as a service, with a dashboard. */
import { Option } from "commander";
import type { CommandDefinition } from "../command.js";
import { untilSignalled } from "../interrupt.js";
import { printDetail, printLine, printNote, printNotice } from "../io.js";
import { collect, duration, wholeNumber } from "../shared-options.js";
import { storageOption } from "../study-ref.js";
import { version } from "../version.js";

interface ServeCliOptions {
  storage: string;
  host: string;
  port: number;
  workers?: number;
  isolation: string;
  allow?: string[];
  allowShell?: boolean;
  behindProxy?: boolean;
  tlsCert?: string;
  tlsKey?: string;
  allowedHost?: string[];
  pathPrefix?: string;
  grace?: number;
  printToken: boolean;
}

/** `mlbench-hpo serve` */
export const serveCommand: CommandDefinition = (program, { io, setExitCode }) => {
  program
    .command("serve")
    .description("serve the studies of a folder: an HTTP interface, and a dashboard in the browser")
    .addOption(storageOption())
    .option("--host <address>", "where to listen; beyond this machine it takes TLS or --behind-proxy", "127.0.0.1")
    .addOption(
      new Option("--port <n>", "port; 0: a free one").default(7070).argParser(wholeNumber("--port", 0, 65_535)),
    )
    .option("--workers <n>", "trials in parallel (default: number of cores)", wholeNumber("--workers", 1, 1024))
    .addOption(
      new Option(
        "--isolation <name>",
        "where trials run: thread (shares the data), process (isolates crashes and memory), or a plug-in's executor",
      ).default("thread"),
    )
    .option("--allow <dir>", "let requests name files in this folder: objectives, plug-ins, data (repeatable)", collect)
    .option(
      "--allow-shell",
      "let requests have a shell run a line (`--command` with `--shell`) in such a folder: whoever may make studies runs anything",
    )
    .option("--behind-proxy", "a proxy in front has the TLS: believe its X-Forwarded-* headers")
    .option("--tls-cert <file>", "certificate (PEM, with its chain): serve HTTPS")
    .option("--tls-key <file>", "its private key (PEM)")
    .option("--allowed-host <name>", "another name that the service is called by (repeatable)", collect)
    .option("--path-prefix <path>", "the path that a proxy serves it under, as in /hpo")
    .option(
      "--grace <time>",
      "how long running trials may take to finish at the end (default: 10s)",
      duration("--grace"),
    )
    .option(
      "--no-print-token",
      "leave the token out of the first line, where stdout is kept; `mlbench-hpo open` has it",
    )
    .action(async (options: ServeCliOptions) => {
      const [{ serve }, { openStudyHost }] = await Promise.all([
        import("../../service/serve.js"),
        import("../../host/index.js"),
      ]);
      const { storage, grace, allowedHost, printToken, ...rest } = options;
      const code = await untilSignalled(async (stop, force) => {
        const served = await serve(
          {
            ...{ ...rest, storage, version, allowedHosts: allowedHost },
            graceMs: grace === undefined ? undefined : grace * 1000,
            log: (line) => printDetail(io.stderr, line),
            tell: (kind, line) =>
              kind === "warning" ? printNotice(io.stderr, kind, line) : printNote(io.stderr, line),
          },
          openStudyHost,
        );
        const { url, token } = served;
        printLine(io.stdout, `mlbench-hpo serving ${storage} at ${url}${printToken ? `#token=${token}` : ""}`);
        await stop;
        printNote(io.stderr, "stopping: running trials may finish; Ctrl-C again stops them");
        await served.close(force);
      });
      setExitCode(code);
    });
};
