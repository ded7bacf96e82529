/** Where runs go, and under which name and secrets: as MLflow's own client reads them from its environment. */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { messageOf, UsageError, withoutSecrets } from "../../core/index.js";

/** What a program or a command line says about the server; the rest comes from the environment. */
export interface MlflowConnection {
  /** @default `MLFLOW_TRACKING_URI` */
  readonly uri?: string | undefined;
  /** The experiment's name; made where there is none. @default `MLFLOW_EXPERIMENT_NAME`, else MLflow's own default */
  readonly experiment?: string | undefined;
  /** @default `MLFLOW_EXPERIMENT_ID` */
  readonly experimentId?: string | undefined;
  /** The run that is gone on with: of a study its parent run. @default `MLFLOW_RUN_ID` */
  readonly runId?: string | undefined;
  /** @default `MLFLOW_TRACKING_USERNAME`, else that of `~/.mlflow/credentials` */
  readonly username?: string | undefined;
  /** @default `MLFLOW_TRACKING_PASSWORD`, else that of `~/.mlflow/credentials` */
  readonly password?: string | undefined;
  /** Counts where no name and password are given. @default `MLFLOW_TRACKING_TOKEN` */
  readonly token?: string | undefined;
  /** @default `MLFLOW_WORKSPACE` */
  readonly workspace?: string | undefined;
}

/** How a request that failed for the moment is repeated. */
export interface RetryRule {
  readonly retries: number;
  /** Before the n-th repetition: `factor` · 2^n seconds, and up to `jitter` seconds more. */
  readonly factor: number;
  readonly jitter: number;
  readonly respectRetryAfter: boolean;
}

/** What the client needs to know, checked. */
export interface MlflowSettings {
  /** Without user and password, without a slash at its end. */
  readonly uri: string;
  readonly experiment: { readonly name: string | null; readonly id: string | null };
  readonly runId: string | null;
  readonly workspace: string | null;
  /** Secret: never stored, never shown. */
  readonly authorization: string | null;
  readonly tls: { readonly insecure: boolean; readonly ca: string | null; readonly clientCert: string | null };
  readonly timeoutMs: number;
  readonly retry: RetryRule;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Where settings are read from besides what is given; tests put others in their place. */
export interface SettingsSources {
  readonly env?: Environment;
  readonly home?: string;
}

/**
 * The settings of a connection.
 * @throws UsageError `mlflow-uri` where there is no server, or something that is none; `mlflow-settings`.
 */
export function resolveSettings(
  given: MlflowConnection = {},
  { env = process.env, home = homedir() }: SettingsSources = {},
): MlflowSettings {
  const named = (name: string): string | undefined => env[name] || undefined;
  const { uri, userInfo } = serverOf(given.uri ?? named("MLFLOW_TRACKING_URI"), given.uri !== undefined);
  return {
    uri,
    experiment: {
      name: given.experiment ?? (given.experimentId === undefined ? (named("MLFLOW_EXPERIMENT_NAME") ?? null) : null),
      id: given.experimentId ?? (given.experiment === undefined ? (named("MLFLOW_EXPERIMENT_ID") ?? null) : null),
    },
    runId: given.runId ?? named("MLFLOW_RUN_ID") ?? null,
    workspace: inHeader(given.workspace ?? named("MLFLOW_WORKSPACE") ?? "", "MLFLOW_WORKSPACE") || null,
    authorization: authorizationOf(given, named, home) ?? userInfo,
    tls: {
      insecure: flag(named("MLFLOW_TRACKING_INSECURE_TLS"), "MLFLOW_TRACKING_INSECURE_TLS", false),
      ca: certificate(named("MLFLOW_TRACKING_SERVER_CERT_PATH"), "MLFLOW_TRACKING_SERVER_CERT_PATH"),
      clientCert: certificate(named("MLFLOW_TRACKING_CLIENT_CERT_PATH"), "MLFLOW_TRACKING_CLIENT_CERT_PATH"),
    },
    timeoutMs: number(named, "MLFLOW_HTTP_REQUEST_TIMEOUT", 120) * 1000,
    retry: {
      retries: number(named, "MLFLOW_HTTP_REQUEST_MAX_RETRIES", 7),
      factor: number(named, "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", 2),
      jitter: number(named, "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", 1),
      respectRetryAfter: flag(
        named("MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER"),
        "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER",
        true,
      ),
    },
  };
}

const START = "start one with `mlflow server --host 127.0.0.1 --port 5000` and give http://127.0.0.1:5000";

/** A URI as it may be shown. */
function shown(uri: string): string {
  return withoutSecrets(uri);
}

function wrongUri(uri: string, what: string): UsageError {
  return new UsageError("mlflow-uri", `MLflow URI ${shown(uri)}: ${what}`);
}

/** @throws UsageError `mlflow-uri` */
function serverOf(given: string | undefined, typed: boolean): { uri: string; userInfo: string | null } {
  if (given === undefined || given.trim() === "")
    throw new UsageError("mlflow-uri", `no MLflow server: give its URL or set MLFLOW_TRACKING_URI; ${START}`);
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(given)?.[1]?.toLowerCase();
  if (scheme === undefined || scheme === "file" || scheme.length === 1) throw fileStore(given, typed);
  if (/^(sqlite|postgresql|mysql|mssql)/.test(scheme))
    throw wrongUri(
      given,
      `that is a server's own database; ${START.replace("--host", "--backend-store-uri … --host")}`,
    );
  if (scheme !== "http" && scheme !== "https")
    throw wrongUri(given, `expected http:// or https:// of a tracking server, not ${scheme}:`);
  let url: URL;
  try {
    url = new URL(given);
  } catch {
    throw wrongUri(given, "expected a URL such as http://127.0.0.1:5000");
  }
  const user = url.username === "" ? null : [url.username, url.password].map((text) => decoded(text, given)).join(":");
  const userInfo = user === null ? null : `Basic ${Buffer.from(user).toString("base64")}`;
  return { uri: `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, "")}`, userInfo };
}

/** @throws UsageError `mlflow-uri` */
function decoded(text: string, uri: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw wrongUri(uri, "a % in its name or password is written %25");
  }
}

function fileStore(given: string, typed: boolean): UsageError {
  const bare = /^[\w.-]+$/.test(given) && typed;
  const study = bare ? `; a study's name stands before --mlflow: optimize ${given} --mlflow` : "";
  return wrongUri(
    given,
    `runs are sent to a tracking server, over http:// or https://, not written into files, which MLflow itself gives ` +
      `up (\`mlflow migrate-filestore\` moves them into a database); ${START}${study}`,
  );
}

/** `~/.mlflow/credentials`, as Python's configparser reads it. */
function credentialsFile(home: string): { username?: string; password?: string } {
  const path = join(home, ".mlflow", "credentials");
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw new UsageError("mlflow-settings", `${path}: ${messageOf(error)}`, { cause: error });
  }
  let section = "";
  const found = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const head = /^\[([^\]]+)\]/.exec(line)?.[1];
    if (head !== undefined) section = head;
    const [, key, value] = /^([^#;=:[\s][^=:]*?)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? [];
    if (section === "mlflow" && key !== undefined) found.set(key.toLowerCase(), value ?? "");
  }
  const [username, password] = [found.get("mlflow_tracking_username"), found.get("mlflow_tracking_password")];
  return { ...(username ? { username } : {}), ...(password ? { password } : {}) };
}

/** Name and password come before the token, in MLflow as well. */
function authorizationOf(
  given: MlflowConnection,
  named: (name: string) => string | undefined,
  home: string,
): string | null {
  const file = credentialsFile(home);
  const username = given.username ?? named("MLFLOW_TRACKING_USERNAME") ?? file.username;
  const password = given.password ?? named("MLFLOW_TRACKING_PASSWORD") ?? file.password;
  if (username && password) return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  const token = given.token ?? named("MLFLOW_TRACKING_TOKEN");
  return token === undefined ? null : `Bearer ${inHeader(token, "MLFLOW_TRACKING_TOKEN")}`;
}

/** What a header takes: no line break, which a file read into a variable may end with. Its text may be secret. */
function inHeader(text: string, name: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  throw new UsageError("mlflow-settings", `${name}: has a character that no header takes, such as a line break`);
}

function flag(text: string | undefined, name: string, usual: boolean): boolean {
  if (text === undefined) return usual;
  const lower = text.toLowerCase();
  if (["true", "1"].includes(lower)) return true;
  if (["false", "0"].includes(lower)) return false;
  throw new UsageError("mlflow-settings", `${name}=${text}: expected true, false, 1 or 0`);
}

function number(named: (name: string) => string | undefined, name: string, usual: number): number {
  const text = named(name);
  if (text === undefined) return usual;
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && value >= 0) return value;
  throw new UsageError("mlflow-settings", `${name}=${text}: expected a number from 0`);
}

/** The PEM text of a file. */
function certificate(path: string | undefined, name: string): string | null {
  if (path === undefined) return null;
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError("mlflow-settings", `${name}=${path}: ${messageOf(error)}`, { cause: error });
  }
}
