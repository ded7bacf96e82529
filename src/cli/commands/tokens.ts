/** `mlbench-hpo tokens`: who may use the service of a folder, and for what. */
import type { Command } from "commander";
import { UsageError } from "../../core/index.js";
import type { Scope } from "../../service/security/scopes.js";
import type { StoredToken } from "../../service/security/tokens.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { parseFormat, printJson, printNote } from "../io.js";
import { printData, renderTable } from "../render.js";
import { collectList, formatOption } from "../shared-options.js";
import { storageOption } from "../study-ref.js";

/** `mlbench-hpo tokens create`, `list`, `revoke` */
export const tokensCommand: CommandDefinition = (program, context) => {
  const command = program
    .command("tokens")
    .description("make, list and revoke the tokens of a folder's service; one that runs hears of it");
  addCreate(command, context);
  addList(command, context);
  addRevoke(command, context);
};

interface CreateOptions {
  storage: string;
  scope: string[];
  study?: string[];
  expires?: Date;
  format: string;
}

function addCreate(parent: Command, { io }: CommandContext): void {
  parent
    .command("create")
    .description("make a token; it is printed this once")
    .argument("<name>", "what it is called in lists")
    .addOption(storageOption())
    .requiredOption(
      "--scope <scope>",
      "what it is for: read, run (start and change), worker (trials from outside) or admin (repeatable)",
      collectList,
    )
    .option("--study <name>", "only for this study (repeatable; default: all of them)", collectList)
    .option("--expires <time>", "until when: 12h or 90d from now, or a date, as in 2030-01-31 (default: never)", expiry)
    .addOption(formatOption(["table", "json"]))
    .action(async (name: string, options: CreateOptions) => {
      const { checkNewToken, TokenStore } = await import("../../service/security/tokens.js");
      const wanted = checkNewToken({
        name,
        scopes: options.scope as Scope[],
        studies: options.study ?? null,
        expiresAt: options.expires ?? null,
      });
      const store = await TokenStore.open(options.storage);
      const { text, token } = await store.create(wanted);
      if (options.format === "json") return printJson(io.stdout, { ...listed(token), token: text });
      printNote(io.stderr, `token "${token.name}" (${whatFor(token)}); it is shown this once:`);
      // Not a line of the log.
      io.stdout.write(`${text}\n`);
    });
}

function addList(parent: Command, { io }: CommandContext): void {
  parent
    .command("list")
    .description("list the named tokens; what they are is kept as digests only")
    .addOption(storageOption())
    .addOption(formatOption(["table", "json", "yaml"]))
    .action(async (options: { storage: string; format: string }) => {
      const { TokenStore } = await import("../../service/security/tokens.js");
      const tokens = await TokenStore.at(options.storage).list();
      await printData(io, parseFormat(options.format), tokens.map(listed), {
        table: () =>
          tokens.length === 0
            ? "no token beside the first one; mlbench-hpo tokens create NAME --scope read makes one"
            : renderTable<StoredToken>(
                [
                  { title: "name", text: ({ name }) => name },
                  { title: "id", text: ({ id }) => id },
                  { title: "begins", text: ({ prefix }) => prefix },
                  { title: "scopes", text: ({ scopes }) => scopes.join(", ") },
                  { title: "studies", text: ({ studies }) => studies?.join(", ") ?? "all" },
                  { title: "until", text: ({ expires_at }) => expires_at ?? "revoked" },
                ],
                tokens,
              ),
      });
    });
}

function addRevoke(parent: Command, { io }: CommandContext): void {
  parent
    .command("revoke")
    .description("revoke a token: the service refuses it within a second")
    .argument("<token>", "its name or id")
    .addOption(storageOption())
    .action(async (which: string, options: { storage: string }) => {
      const { TokenStore } = await import("../../service/security/tokens.js");
      const { name } = await TokenStore.at(options.storage).revoke(which);
      printNote(io.stdout, `revoked "${name}"`);
    });
}

function listed({ sha256: _digest, ...token }: StoredToken): Omit<StoredToken, "sha256"> {
  return token;
}

function whatFor({ scopes, studies, expires_at }: StoredToken): string {
  const where = studies === null ? "all studies" : studies.join(", ");
  return `${scopes.join(", ")}; ${where}; ${expires_at === null ? "until it is revoked" : `until ${expires_at}`}`;
}

const HOUR_MS = 3_600_000;

/** `12h`, `90d`, or a date. */
function expiry(text: string): Date {
  const [, number, unit] = /^(\d{1,6})([hd])$/.exec(text) ?? [];
  const at =
    number === undefined
      ? /^\d{4}-\d{2}-\d{2}(?:T[\d:.]+Z)?$/.test(text)
        ? new Date(text)
        : new Date(NaN)
      : new Date(Date.now() + Number(number) * (unit === "h" ? HOUR_MS : 24 * HOUR_MS));
  if (Number.isNaN(at.getTime()) || at.getTime() <= Date.now())
    throw new UsageError(
      "invalid-option",
      `--expires ${text}: expected a time to come: 12h, 90d, or a date, as in 2030-01-31`,
    );
  return at;
}
