/** A service's certificate and key, read and tried before anything else happens. */
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { messageOf, UsageError } from "../core/index.js";

/** PEM texts. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** @throws UsageError `invalid-tls` that names the file */
export async function readTls(certFile: string, keyFile: string): Promise<TlsFiles> {
  const read = (option: string, path: string): Promise<string> =>
    readFile(path, "utf8").catch((error: unknown) => {
      throw new UsageError("invalid-tls", `${option} ${path}: cannot be read (${messageOf(error)})`, { cause: error });
    });
  const [cert, key] = [await read("--tls-cert", certFile), await read("--tls-key", keyFile)];
  if (!cert.includes("-----BEGIN CERTIFICATE-----"))
    throw new UsageError("invalid-tls", `--tls-cert ${certFile}: holds no certificate in PEM`);
  if (!/-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/.test(key))
    throw new UsageError("invalid-tls", `--tls-key ${keyFile}: holds no private key in PEM (without a passphrase)`);
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw new UsageError(
      "invalid-tls",
      `--tls-cert ${certFile}, --tls-key ${keyFile}: do not belong together, or cannot be used (${messageOf(error)})`,
      { cause: error },
    );
  }
  return { cert, key };
}
