/** `--server`: a service in place of a storage, for every command that works on studies. */
import { Option } from "commander";
import type { Command } from "commander";
import { UsageError } from "../core/index.js";
import { printNotice } from "./io.js";
import type { CliIo } from "./io.js";
import { setServer } from "./study-ref.js";

/** Where help lists them. */
const SERVER_GROUP = "Options of commands on studies:";

/** Flags that no parameter's short form takes. */
export const serverFlags: readonly string[] = ["--server", "--token-file"];

/** What a service is not asked for, and why. */
const filesOnly: Readonly<Record<string, string>> = {
  doctor: "looks at files, which are there",
  import: "writes a study's file",
  replay: "runs a trial again on its data",
  sweep: "runs here what it makes",
  "mlflow sync": "sends what lies in a study's files",
  "study copy": "copies a study's files",
  "study rename": "renames a study's files",
};

/** About the service of a folder of this machine: none of them asks one over the network. */
const ofHere: ReadonlySet<string> = new Set(["serve", "open", "tokens list", "tokens create", "tokens revoke"]);

function serverOptions(): Option[] {
  return [
    new Option("--server <url>", "work on the studies of a service in place of a folder's").env("MLBENCH_HPO_SERVER"),
    new Option("--token-file <file>", "the service's token (also MLBENCH_HPO_TOKEN, or URL#token=…)"),
  ];
}

/** Adds the options to a command that works on studies. */
export function addServerOptions(command: Command): void {
  if (!command.options.some(({ long }) => long === "--storage") || ofHere.has(pathOf(command))) return;
  const hidden = Object.hasOwn(filesOnly, pathOf(command));
  for (const option of serverOptions()) {
    if (command.options.some(({ long }) => long === option.long)) continue;
    command.addOption(option.helpGroup(SERVER_GROUP).hideHelp(hidden));
  }
}

/** A command as it is typed: `study copy`. */
function pathOf(command: Command): string {
  const names: string[] = [];
  for (let at: Command | null = command; at?.parent; at = at.parent) names.unshift(at.name());
  return names.join(" ");
}

interface ServerCliOptions {
  readonly server?: string;
  readonly tokenFile?: string;
  readonly storage?: string;
}

/**
 * Puts the service that a line names in the place of its storage.
 * @throws UsageError `conflicting-options`, `invalid-server`, `invalid-token`, `not-remote`.
 */
export async function handServer(command: Command, io: CliIo): Promise<void> {
  setServer(null);
  if (!command.options.some(({ long }) => long === "--server")) return;
  const { server, tokenFile, storage = "" } = command.opts<ServerCliOptions>();
  const typedStorage = command.getOptionValueSource("storage") === "cli";
  const typedServer = command.getOptionValueSource("server") === "cli";
  const isUrl = /^https?:/i.test(storage);
  if (typedServer && typedStorage)
    throw new UsageError("conflicting-options", "--server and --storage exclude each other: studies are there or here");
  const given = server === undefined || typedStorage ? (isUrl ? storage : undefined) : server;
  if (given === undefined) {
    if (tokenFile === undefined) return;
    throw new UsageError("conflicting-options", `--token-file ${tokenFile}: goes with --server URL`);
  }
  const { locationOf, parseServer, readTokenFile, tokenOfEnvironment } = await import("../remote/address.js");
  const source = given === storage ? "--storage" : typedServer ? "--server" : "MLBENCH_HPO_SERVER";
  const { url, token } = parseServer(given, source);
  const path = pathOf(command);
  if (Object.hasOwn(filesOnly, path))
    throw new UsageError(
      "not-remote",
      `${path} ${filesOnly[path]}: not by the service at ${url}; do it on its machine, with --storage DIR`,
    );
  const used = tokenFile === undefined ? (token ?? tokenOfEnvironment()) : await readTokenFile(tokenFile);
  warnOfClearText(url, used, io);
  setServer({ url, location: locationOf({ url, token: used }) });
  command.setOptionValueWithSource("storage", url, "cli");
}

function warnOfClearText(url: string, token: string | null, io: CliIo): void {
  const { protocol, hostname } = new URL(url);
  if (token === null || protocol === "https:" || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)) return;
  printNotice(io.stderr, "warning", `${url}: the token goes over the network in clear: https:// keeps it`);
}
