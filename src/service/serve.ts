/** `mlbench-hpo serve` without its command line: a storage claimed, its host opened, the service listening. */
import { realpath, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { defined, messageOf, oneLine, UsageError } from "../core/index.js";
import type { StudyHost } from "../host/host.js";
import { requireWritable } from "../io/atomic-write.js";
import { claimStorage } from "./running.js";
import { isLoopback, typedHostName } from "./security/hosts.js";
import { createService, PATH_PREFIX } from "./server.js";
import type { Service, ServiceLimits } from "./server.js";
import { readTls } from "./tls.js";
import type { TlsFiles } from "./tls.js";
import { renewTls } from "./tls-renewal.js";

/** What is served, and how. */
export interface ServeOptions {
  /** A folder; made where it is not there. */
  readonly storage: string;
  readonly version: string;
  readonly host: string;
  readonly port: number;
  readonly workers?: number | undefined;
  readonly isolation?: string | undefined;
  readonly allow?: readonly string[] | undefined;
  readonly allowShell?: boolean | undefined;
  readonly behindProxy?: boolean | undefined;
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
  readonly allowedHosts?: readonly string[] | undefined;
  readonly pathPrefix?: string | undefined;
  /** How long trials under way may take to end when the service does. */
  readonly graceMs?: number | undefined;
  readonly limits?: Partial<ServiceLimits> | undefined;
  readonly log?: ((line: () => string) => void) | undefined;
  /** Hears what the operator should know, in a line. */
  readonly tell?: ((kind: "warning" | "note", line: string) => void) | undefined;
  /** How often the certificate's files are looked at, in milliseconds. @default 10000 */
  readonly tlsLookMs?: number | undefined;
}

/** How the host of a storage's studies is opened. */
export type OpenHost = (options: {
  readonly storage: string;
  readonly workers?: number | undefined;
  readonly isolation?: string | undefined;
  readonly allow: readonly string[];
  readonly allowShell?: boolean | undefined;
  readonly graceMs?: number | undefined;
  readonly url: () => string | undefined;
  readonly onProblem: (study: string, error: unknown) => void;
}) => Promise<StudyHost>;

/** A service that can be reached. */
export interface ServedStorage {
  /** Without a trailing slash. */
  readonly url: string;
  readonly token: string;
  /** Drains: answers what is asked, lets trials end within their grace, gives the storage back. */
  close(force?: AbortSignal): Promise<void>;
}

/**
 * Starts a service.
 * @throws UsageError `invalid-option`, `conflicting-options`, `insecure-address`, `invalid-tls`, `port-in-use`,
 * `cannot-write` | MlbenchError `service-running`, and what opening the host throws.
 */
export async function serve(options: ServeOptions, openHost: OpenHost): Promise<ServedStorage> {
  const { storage, version, host: hostName, port, behindProxy, allowedHosts, limits } = options;
  const log = options.log ?? (() => undefined);
  requireAddress(options);
  const [tls, allow] = [await tlsOf(options), await foldersOf(options.allow ?? [])];
  const storageDir = resolve(storage);
  await requireWritable(join(storageDir, ".service", "token"));
  const claim = await claimStorage(storageDir);
  const undo: (() => Promise<void>)[] = [() => claim.release()];
  try {
    const at: { url?: string } = {};
    const onProblem = (study: string, error: unknown): void => log(() => oneLine(`${study}: ${messageOf(error)}`));
    const { workers, isolation, graceMs, allowShell } = options;
    const host = await openHost({
      storage: storageDir,
      workers,
      isolation,
      allow,
      allowShell,
      graceMs,
      url: () => at.url,
      onProblem,
    });
    undo.unshift(() => host.close());
    const service = await createService({
      host,
      storageDir,
      options: {
        ...{ version, hostName, port, behindProxy, allowedHosts, allow, limits, log },
        ...defined({ tls, pathPrefix: prefixOf(options.pathPrefix) }),
      },
    });
    undo.unshift(() => service.close());
    const endRenewal = followTls(options, tls, service);
    undo.unshift(async () => {
      endRenewal();
    });
    const url = (await service.listen()) + (prefixOf(options.pathPrefix) ?? "");
    at.url = url;
    await claim.publish(url);
    await host.resume();
    return {
      url,
      token: service.context.tokens.first ?? "",
      close: async (force) => {
        endRenewal();
        await service.close(force);
        await host.close(defined({ graceMs, force }));
        await claim.release();
      },
    };
  } catch (error) {
    for (const step of undo) await step().catch((failed: unknown) => log(() => messageOf(failed)));
    throw error;
  }
}

/** @throws UsageError for options that do not go together, or an address that would be open to a network. */
function requireAddress({
  storage,
  host,
  behindProxy = false,
  tlsCert,
  tlsKey,
  allowedHosts = [],
  pathPrefix,
  allow = [],
  allowShell = false,
}: ServeOptions): void {
  if (allowShell && allow.length === 0)
    throw new UsageError(
      "conflicting-options",
      "--allow-shell: --allow DIR goes with it, for the folders that lines run in",
    );
  if (/^[a-z][a-z0-9+.-]+:/i.test(storage))
    throw new UsageError("invalid-option", `--storage ${storage}: a service keeps its tokens there: expected a folder`);
  if (tlsCert !== undefined && tlsKey === undefined)
    throw new UsageError("conflicting-options", `--tls-cert ${tlsCert}: --tls-key FILE goes with it`);
  if (tlsKey !== undefined && tlsCert === undefined)
    throw new UsageError("conflicting-options", `--tls-key ${tlsKey}: --tls-cert FILE goes with it`);
  if (behindProxy && tlsCert !== undefined)
    throw new UsageError(
      "conflicting-options",
      "--behind-proxy and --tls-cert exclude each other: the proxy has the TLS",
    );
  prefixOf(pathPrefix);
  const name = typedHostName(host);
  if (name === null) throw new UsageError("invalid-option", `--host ${host}: expected an address or a name`);
  for (const allowed of allowedHosts)
    if (typedHostName(allowed) === null)
      throw new UsageError(
        "invalid-option",
        `--allowed-host ${allowed}: expected a name without port, as in hpo.example.org`,
      );
  if (!isLoopback(name) && !behindProxy && tlsCert === undefined)
    throw new UsageError(
      "insecure-address",
      `--host ${host}: beyond this machine tokens would go in clear: give --tls-cert FILE and --tls-key FILE, ` +
        "or --behind-proxy where a proxy in front has the TLS",
    );
}

function prefixOf(given: string | undefined): string | undefined {
  if (given === undefined || given === "" || given === "/") return undefined;
  const prefix = given.replace(/\/$/, "");
  if (PATH_PREFIX.test(prefix)) return prefix;
  throw new UsageError("invalid-option", `--path-prefix ${given}: expected a path such as /hpo`);
}

async function tlsOf({ tlsCert, tlsKey }: ServeOptions): Promise<TlsFiles | undefined> {
  return tlsCert === undefined || tlsKey === undefined ? undefined : readTls(tlsCert, tlsKey);
}

/** Has the service use what a renewal puts into the certificate's files; returns what ends it. */
function followTls(
  { tlsCert = "", tlsKey = "", tell = () => undefined, tlsLookMs }: ServeOptions,
  current: TlsFiles | undefined,
  { useTls: use }: Pick<Service, "useTls">,
): () => void {
  if (!current) return () => undefined;
  return renewTls({ current, read: () => readTls(tlsCert, tlsKey), use, tell, everyMs: tlsLookMs });
}

/** Links are followed now: what a folder is later, it was not allowed as. */
async function foldersOf(allow: readonly string[]): Promise<string[]> {
  return Promise.all(
    allow.map(async (folder) => {
      const found = await stat(folder).catch(() => null);
      if (!found?.isDirectory()) throw new UsageError("invalid-option", `--allow ${folder}: expected a folder`);
      return realpath(folder);
    }),
  );
}
