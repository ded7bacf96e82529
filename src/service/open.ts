/** The page of a running service: its URL with the first token, and a browser that is shown it. */
import { spawn } from "node:child_process";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { MlbenchError } from "../core/index.js";
import { runningService } from "./running.js";
import { serviceFolder, writePrivately } from "./security/private-files.js";
import { readFirstToken } from "./security/tokens.js";

/** A service's page. */
export interface ServicePage {
  /** With the token as its fragment. */
  readonly url: string;
  /** Opens it in a browser; says what is the matter where it cannot. */
  readonly show: () => Promise<string | null>;
}

/** @throws MlbenchError `no-service` */
export async function openService(storage: string): Promise<ServicePage> {
  const storageDir = resolve(storage);
  const [running, token] = [await runningService(storageDir), await readFirstToken(storageDir)];
  if (!running || token === null)
    throw new MlbenchError("no-service", `nothing serves ${storage}: mlbench-hpo serve starts it`);
  const url = `${running.url}#token=${token}`;
  return { url, show: () => showPage(storageDir, url) };
}

/**
 * By a page that leads there, readable by its owner alone: what stands in a command's arguments everybody on the machine
 * can read.
 */
async function showPage(storageDir: string, url: string): Promise<string | null> {
  const path = join(serviceFolder(storageDir), "open.html");
  const quoted = url.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
  await writePrivately(
    path,
    `<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer">` +
      `<meta http-equiv="refresh" content="0; url=${quoted}"><title>mlbench-hpo</title><a href="${quoted}">mlbench-hpo</a>\n`,
  );
  const [command, args] = opener(pathToFileURL(path).href);
  return new Promise((done) => {
    const child = spawn(command, args, { stdio: "ignore", detached: true });
    child.once("error", () => done(`no browser was opened (${command} is not there): open the URL yourself`));
    child.once("exit", (code) => done(code === 0 ? null : `${command} opened no browser: open the URL yourself`));
    child.once("spawn", () => child.unref());
  });
}

function opener(target: string): [command: string, args: string[]] {
  if (process.platform === "darwin") return ["open", [target]];
  if (process.platform === "win32") return ["rundll32", ["url.dll,FileProtocolHandler", target]];
  return ["xdg-open", [target]];
}
