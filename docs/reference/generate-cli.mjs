// Writes docs/reference/cli.md, the reference of the command line, from the program itself:
//   npm run build && node docs/reference/generate-cli.mjs
import { writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Command } from "commander";
import { format } from "prettier";
import { commands } from "../../dist/cli/commands/index.js";
import { addLeadingOptions } from "../../dist/cli/global-options.js";

const introduction = `# The command line

Made from the program by \`node docs/reference/generate-cli.mjs\`, and held against it by a test. \`mlbench-hpo help COMMAND\`
says the same. Parameters of the model, the dataset and the training have options of their own; here are those of the
defaults (\`lstm\` on \`dummy\`), and \`mlbench-hpo train --model gru --dataset nasa --help\` lists those of others. Lengths of
time are \`90\`, \`90s\`, \`30m\` or \`2h\`. Exit codes: 0; 1 for a failure; 2 for a mistake in what was typed; 130 for an
interrupt.

On a terminal tables, help and messages fit its width; a pipe gets whole lines. Colours follow \`FORCE_COLOR\` (\`0\` for
none) and \`NO_COLOR\`; with \`TERM=dumb\` or \`CI\` set, \`optimize\` and \`train\` print plain lines instead of a live view.
Formats for programs never have colours. What \`--format json\` prints is in [json.md](json.md), error codes in [errors.md](errors.md).
`;

const GLOBAL = `They stand before the command or behind it: \`mlbench-hpo -q optimize\` is \`mlbench-hpo optimize -q\`. Options that are not
typed can come from a [project file](project-file.md).

- \`-q\` leaves results on stdout, warnings and errors on stderr; progress, confirmations and hints are dropped. What
  \`--format json\` prints stays the same.
- \`--verbose\` adds, on stderr, the settings in force and where they come from, files, what sampler and pruner decide, and
  times. On a terminal it takes the place of the live view. It excludes \`-q\`.
- \`--log-file\` appends the lines of a run, uncoloured and with their times (UTC), as \`--verbose\` would show them, whatever the
  terminal shows; folders on the way are made. A file that cannot be opened ends the command before it does anything (exit
  code 2, or 1 for a full disk); one that cannot be written any more is said once, the work goes on, and the exit code is 1.`;

const SERVER = `Commands with \`--storage\` take the studies of a [service](../remote.md) in place of a folder's:

- \`--server <url>\` (environment: MLBENCH_HPO_SERVER): its URL, with the token as its fragment perhaps: \`http://127.0.0.1:7070#token=…\`.
- \`--token-file <file>\`: the file that holds the token; else the fragment, else MLBENCH_HPO_TOKEN.

A \`--storage\` that is typed comes before MLBENCH_HPO_SERVER. \`doctor\`, \`import\`, \`mlflow sync\`, \`replay\`, \`study copy\`,
\`study rename\` and \`sweep\` work on files and say so (exit code 2); \`serve\`, \`open\` and \`tokens\` are about this machine's service.`;

const cell = (text) => text.replaceAll("|", "\\|").replaceAll(/\s*\n\s*/g, " ");

function optionRow(option) {
  const { flags, description, argChoices, defaultValue, envVar } = option;
  const more = [
    ...(argChoices ? [`one of ${argChoices.join(", ")}`] : []),
    ...(defaultValue === undefined || defaultValue === false ? [] : [`default: ${String(defaultValue)}`]),
    ...(envVar ? [`environment: ${envVar}`] : []),
  ];
  const said = [description, more.length > 0 ? `(${more.join("; ")})` : ""].filter((text) => text !== "").join(" ");
  return `| \`${cell(flags)}\` | ${cell(said)} |`;
}

function section(command, path, level) {
  const help = command.createHelp();
  const lines = [`${"#".repeat(level)} ${path}`, "", command.description(), ""];
  const own = command.commands.filter((child) => child.name() !== "help");
  const options = help.visibleOptions(command).filter(({ long }) => long !== "--help");
  // A group without options does nothing by itself.
  if (own.length === 0 || options.length > 0)
    lines.push("```text", `mlbench-hpo ${path} ${command.usage()}`.trim(), "```", "");
  const aliases = command.aliases();
  if (aliases.length > 0) lines.push(`Also \`${aliases.join("`, `")}\`.`, "");
  const given = command.registeredArguments.filter(({ description }) => description);
  if (given.length > 0) {
    lines.push("| argument | |", "|---|---|");
    for (const argument of given) lines.push(`| \`${argument.name()}\` | ${cell(argument.description)} |`);
    lines.push("");
  }
  if (options.length > 0) lines.push("| option | |", "|---|---|", ...options.map(optionRow), "");
  for (const child of own) lines.push(...section(child, `${path} ${child.name()}`, level + 1));
  return lines;
}

/** What stands before a command as well as behind it. */
function everyCommand() {
  const program = new Command("mlbench-hpo").helpOption(false);
  addLeadingOptions(program);
  return [
    "## Options of every command",
    "",
    GLOBAL,
    "",
    "| option | |",
    "|---|---|",
    ...program.options.map(optionRow),
    "",
    "## Options of commands on studies",
    "",
    SERVER,
    "",
  ];
}

/** The whole reference. */
export async function cliReference() {
  const lines = [introduction, ...everyCommand()];
  const io = { stdout: process.stdout, stderr: process.stderr };
  for (const { name, load, hidden } of commands) {
    if (hidden) continue;
    const program = new Command("mlbench-hpo");
    await (
      await load()
    )(program, { io, argv: [name], setExitCode: () => {} });
    const command = program.commands.find((child) => child.name() === name);
    lines.push(...section(command, name, 2));
  }
  return format(lines.join("\n"), { parser: "markdown", printWidth: 120 });
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href)
  writeFileSync(fileURLToPath(new URL("cli.md", import.meta.url)), await cliReference());
