/** A certificate that is renewed while the service runs: its files are looked at, and taken once they belong together. */
import { createHash, X509Certificate } from "node:crypto";
import { messageOf } from "../core/index.js";
import type { TlsFiles } from "./tls.js";

/** How the files of a certificate are followed. */
export interface TlsRenewalOptions {
  /** What is in use. */
  readonly current: TlsFiles;
  /** Reads the files. @throws UsageError that says in a line what is wrong with them. */
  readonly read: () => Promise<TlsFiles>;
  /** Has new connections use these. */
  readonly use: (files: TlsFiles) => void;
  /** Hears what the operator should know, in a line. */
  readonly tell: (kind: "warning" | "note", line: string) => void;
  /** Milliseconds between two looks. @default 10000 */
  readonly everyMs?: number | undefined;
}

/** So many looks in a row must find the same wrong: certificate and key are not replaced in one moment. */
const LOOKS = 2;

/**
 * Follows a certificate's files: by reading them, since a renewal may change files, links to them, or their folder.
 * @returns what ends it
 */
export function renewTls({ current, read, use, tell, everyMs = 10_000 }: TlsRenewalOptions): () => void {
  let inUse = digestOf(current);
  let wrong = { line: "", looks: 0 };
  let ended = false;
  const look = async (): Promise<void> => {
    try {
      const files = await read();
      wrong = { line: "", looks: 0 };
      const digest = digestOf(files);
      if (ended || digest === inUse) return;
      use(files);
      inUse = digest;
      tell("note", `the certificate was renewed: new connections get the one that is ${validity(files)}`);
    } catch (error) {
      const line = messageOf(error);
      wrong = { line, looks: line === wrong.line ? wrong.looks + 1 : 1 };
      if (!ended && wrong.looks === LOOKS)
        tell("warning", `${line}; the certificate that was read before stays in use`);
    }
  };
  let looking: Promise<void> | null = null;
  const timer = setInterval(() => {
    looking ??= look().finally(() => (looking = null));
  }, everyMs).unref();
  return () => {
    ended = true;
    clearInterval(timer);
  };
}

function digestOf({ cert, key }: TlsFiles): string {
  return createHash("sha256").update(`${cert.length} `).update(cert).update(key).digest("hex");
}

function validity({ cert }: TlsFiles): string {
  const { validTo } = new X509Certificate(cert);
  return `good until ${new Date(validTo).toISOString().slice(0, 10)}`;
}
