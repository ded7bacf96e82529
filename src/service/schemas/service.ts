/** The service itself, its sessions and its tokens. */
import { z } from "zod";
import { scopes } from "../security/scopes.js";

const scope = z.enum(scopes);
const time = z.iso.datetime();

/** GET /server. */
export const serverInfo = z
  .strictObject({
    version: z.string(),
    storage: z.string().describe("The folder of the studies."),
    started_at: time,
    node: z.string(),
    uptime_s: z.number(),
    url: z.string().nullable().describe("Where the service itself listens."),
    capabilities: z.strictObject({
      allow: z.boolean().describe("Whether requests may name files: the service was started with --allow."),
    }),
    token: z.string().describe("What this token is called; never the token."),
    scopes: z.array(scope).describe("What this token may do, included scopes as well."),
    studies: z.array(z.string()).nullable().describe("The studies that this token is for; null: all."),
  })
  .meta({ id: "ServerInfo" });
/** As {@link serverInfo}. */
export type ServerInfo = z.output<typeof serverInfo>;

/** POST /session. */
export const newSession = z.strictObject({ token: z.string().min(1).max(512) }).meta({ id: "NewSession" });

/** A named token. */
export const tokenEntry = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    prefix: z.string().describe("What the token begins with."),
    scopes: z.array(scope),
    studies: z.array(z.string()).nullable().describe("The studies that it is for; null: all."),
    created_at: time,
    expires_at: time.nullable(),
  })
  .meta({ id: "Token" });
/** As {@link tokenEntry}. */
export type TokenEntry = z.output<typeof tokenEntry>;

/** GET /tokens. */
export const tokenList = z.strictObject({ tokens: z.array(tokenEntry) }).meta({ id: "TokenList" });

/** POST /tokens. */
export const newToken = z
  .strictObject({
    name: z.string().max(64).describe('1 to 64 letters, digits, " ", ".", "_", "@" or "-".'),
    scopes: z.array(scope).min(1),
    studies: z
      .array(z.string().min(1).max(120))
      .min(1)
      .nullable()
      .default(null)
      .describe("The studies that it is for; null: all."),
    expires_at: time.nullable().default(null),
  })
  .meta({ id: "NewToken" });
/** As {@link newToken}. */
export type NewTokenRequest = z.output<typeof newToken>;

/** The answer to POST /tokens. */
export const madeToken = tokenEntry
  .extend({ token: z.string().describe("Shown this once: the service keeps a digest.") })
  .meta({ id: "MadeToken" });
/** As {@link madeToken}. */
export type MadeToken = z.output<typeof madeToken>;

/** The place of a token in a path. */
export const tokenParams = z.strictObject({ id: z.string().regex(/^[0-9a-f]{12}$/, "expected a token's id") });
