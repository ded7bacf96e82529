/** The tokens of a service: the first one, kept as it is for `open`, and named ones, kept as their digests. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { didYouMean, messageOf, MlbenchError, UsageError } from "../../core/index.js";
import { Locks } from "../../storage/json-file/lock.js";
import { ownerInWords } from "../../storage/lock-owner.js";
import { requireStudyName } from "../../storage/study-errors.js";
import { makePrivateFolder, readOrMake, serviceFolder, writePrivately } from "./private-files.js";
import { scopes } from "./scopes.js";
import type { Identity, Scope } from "./scopes.js";

const TOKEN = /^hpo_[A-Za-z0-9_-]{43}$/;
/** The first token's id; no named one has it. */
export const FIRST_TOKEN = "first";

const tokenSchema = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{12}$/),
  name: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  prefix: z.string(),
  scopes: z.array(z.enum(scopes)).min(1),
  studies: z.array(z.string()).nullable(),
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime().nullable(),
});
const fileSchema = z.object({
  format: z.literal("mlbench-hpo-tokens"),
  version: z.literal(1),
  tokens: z.array(tokenSchema),
});

/** A named token as it is kept: its text cannot be found from it. */
export type StoredToken = z.infer<typeof tokenSchema>;

/** What a named token is made with. */
export interface NewToken {
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Null: all. */
  readonly studies: readonly string[] | null;
  readonly expiresAt: Date | null;
}

const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._@-]{0,63}$/u;

/**
 * What a token is asked for, checked.
 * @throws UsageError `invalid-token`
 */
export function checkNewToken(wanted: NewToken): NewToken {
  const wrong = (why: string): never => {
    throw new UsageError("invalid-token", why);
  };
  const { name, scopes: given, studies } = wanted;
  if (!NAME.test(name))
    wrong(`name ${JSON.stringify(name)}: expected 1 to 64 letters, digits, " ", ".", "_", "@" or "-"`);
  if (/^[0-9a-f]{12}$/.test(name) || name === FIRST_TOKEN) wrong(`name ${name}: reads like a token's id`);
  if (given.length === 0) wrong(`scopes: expected one or more of ${scopes.join(", ")}`);
  for (const scope of given)
    if (!scopes.includes(scope))
      wrong(`scope ${scope}:${didYouMean(scope, scopes)} expected one of ${scopes.join(", ")}`);
  for (const study of studies ?? []) requireStudyName(study);
  if (studies?.length === 0) wrong("studies: expected one or more");
  return { ...wanted, scopes: [...new Set(given)] };
}

function newTokenText(): string {
  return `hpo_${randomBytes(32).toString("base64url")}`;
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** The tokens of a storage's service. Changes by another process (`mlbench-hpo tokens`) are seen within a second. */
export class TokenStore {
  readonly #path: string;
  #named: readonly StoredToken[] = [];
  #stamp = "";
  #lookedAt = -Infinity;
  /** Why the file could not be read, when it was last looked at. */
  #unread: Error | null = null;

  private constructor(
    readonly folder: string,
    /** The first token; null where the file is not there and none was to be made. */
    readonly first: string | null,
    /** What session cookies are signed with. */
    readonly sessionKey: Buffer,
  ) {
    this.#path = join(folder, "tokens.json");
  }

  /** Opens the tokens of a storage; makes the first token and the key of the sessions where they are not there. */
  static async open(storageDir: string): Promise<TokenStore> {
    const folder = await makePrivateFolder(storageDir);
    const first = (await readOrMake(join(folder, "token"), () => `${newTokenText()}\n`)).trim();
    if (!TOKEN.test(first))
      throw new UsageError(
        "invalid-token-file",
        `${join(folder, "token")}: holds no token: delete it, and the next start makes one`,
      );
    const key = await readOrMake(join(folder, "session-key"), () => `${randomBytes(32).toString("base64url")}\n`);
    const store = new TokenStore(folder, first, Buffer.from(key.trim(), "base64url"));
    await store.#read();
    return store;
  }

  /** The named tokens of a storage, without anything being made; there need not be any. */
  static at(storageDir: string): TokenStore {
    return new TokenStore(serviceFolder(storageDir), null, Buffer.alloc(0));
  }

  /** The named tokens as they stand in the file now. */
  async list(): Promise<readonly StoredToken[]> {
    await this.#read();
    return this.#named;
  }

  /** @returns the token's text, which is shown this once, and what is kept of it */
  async create(wanted: NewToken): Promise<{ readonly text: string; readonly token: StoredToken }> {
    const text = newTokenText();
    const token: StoredToken = {
      id: randomBytes(6).toString("hex"),
      name: wanted.name,
      sha256: digest(text).toString("hex"),
      prefix: text.slice(0, 8),
      scopes: [...wanted.scopes],
      studies: wanted.studies === null ? null : [...wanted.studies],
      created_at: new Date().toISOString(),
      expires_at: wanted.expiresAt?.toISOString() ?? null,
    };
    await this.#changing((others) => {
      if (others.some(({ name }) => name === token.name))
        throw new UsageError(
          "token-exists",
          `a token is called "${token.name}" already: revoke it, or choose another name`,
        );
      return [[...others, token], token];
    });
    return { text, token };
  }

  /** @param which a token's id or name */
  async revoke(which: string): Promise<StoredToken> {
    const find = (tokens: readonly StoredToken[]): StoredToken => {
      const found = tokens.find(({ id }) => id === which) ?? tokens.find(({ name }) => name === which);
      if (found) return found;
      const names = tokens.map(({ name }) => name).join(", ");
      throw new UsageError(
        "unknown-token",
        `unknown token "${which}": ${names === "" ? "there are none" : `there are: ${names}`}`,
      );
    };
    find(await this.list());
    return this.#changing((tokens) => {
      const revoked = find(tokens);
      return [tokens.filter((token) => token !== revoked), revoked];
    });
  }

  /** Whose token a text is; null where it is nobody's, or has expired. @throws MlbenchError `invalid-token-file`. */
  async identify(text: string): Promise<Identity | null> {
    await this.refresh();
    // Every token is compared with, whichever fits: the time says nothing.
    const given = digest(text);
    let found: Identity | null = null;
    if (this.first !== null && timingSafeEqual(given, digest(this.first))) found = firstIdentity;
    for (const token of this.#named)
      if (timingSafeEqual(given, Buffer.from(token.sha256, "hex")) && !hasExpired(token)) found = identityOf(token);
    if (!found && this.#unread) throw this.#unread;
    return found;
  }

  /** The holder of a token as it stands now; null where it was revoked or has expired. */
  async holder(id: string): Promise<Identity | null> {
    await this.refresh();
    return this.holderNow(id);
  }

  /** {@link holder} as of the last look at the file. */
  holderNow(id: string): Identity | null {
    if (id === FIRST_TOKEN) return this.first === null ? null : firstIdentity;
    const token = this.#named.find((named) => named.id === id);
    return token && !hasExpired(token) ? identityOf(token) : null;
  }

  /** Looks at the file, at most once a second. */
  async refresh(): Promise<void> {
    const now = performance.now();
    if (now - this.#lookedAt < 1000) return;
    this.#lookedAt = now;
    try {
      await this.#read();
      this.#unread = null;
    } catch (error) {
      // A file that cannot be read lets nobody in with a named token: the first stands in another file.
      this.#named = [];
      this.#unread = error as Error;
    }
  }

  /** The next look at the file is taken whenever the last one was. */
  lookAgain(): void {
    this.#lookedAt = -Infinity;
  }

  async #read(): Promise<void> {
    const stamp = await stat(this.#path).then(
      ({ mtimeMs, size, ino }) => `${mtimeMs}/${size}/${ino}`,
      () => "none",
    );
    if (stamp === this.#stamp) return;
    if (stamp === "none") this.#named = [];
    else this.#named = await readTokens(this.#path);
    this.#stamp = stamp;
  }

  /** Changes the file; of several processes one after another. */
  async #changing(
    change: (tokens: readonly StoredToken[]) => readonly [tokens: readonly StoredToken[], of: StoredToken],
  ): Promise<StoredToken> {
    const attempt = await new Locks().acquire(`${this.#path}.lock`, { work: "command" });
    if ("owner" in attempt)
      throw new MlbenchError(
        "tokens-busy",
        `${this.#path} is being changed by ${ownerInWords(attempt.owner)}: try again`,
      );
    try {
      const [tokens, of] = change(await this.list());
      const text = JSON.stringify({ format: "mlbench-hpo-tokens", version: 1, tokens }, null, 2);
      await writePrivately(this.#path, `${text}\n`);
      await this.#read();
      return of;
    } finally {
      attempt.lock.release();
    }
  }
}

async function readTokens(path: string): Promise<readonly StoredToken[]> {
  try {
    return fileSchema.parse(JSON.parse(await readFile(path, "utf8"))).tokens;
  } catch (error) {
    throw new MlbenchError("invalid-token-file", `${path}: not a file of tokens (${messageOf(error).split("\n")[0]})`, {
      cause: error,
    });
  }
}

/** The first token of a storage's service, without making one; null where there is none. */
export async function readFirstToken(storageDir: string): Promise<string | null> {
  const text = await readFile(join(serviceFolder(storageDir), "token"), "utf8").catch(() => null);
  return text === null ? null : text.trim();
}

const firstIdentity: Identity = {
  id: FIRST_TOKEN,
  name: FIRST_TOKEN,
  scopes: ["admin"],
  studies: null,
  byCookie: false,
};

function identityOf({ id, name, scopes: given, studies }: StoredToken): Identity {
  return { id, name, scopes: given, studies, byCookie: false };
}

function hasExpired({ expires_at }: StoredToken): boolean {
  return expires_at !== null && Date.parse(expires_at) <= Date.now();
}
