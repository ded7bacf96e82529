/** The host process of hooks, from the side of the one whose study runs: started with the first hook. */
import type { ChildProcess } from "node:child_process";
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { FromHost, HookJob, ToHost } from "./protocol.js";

/** The compiled host; run from the sources (tests), the one that the last build left in `dist/`. */
const hostFile = fileURLToPath(
  new URL(
    "./host.js",
    import.meta.url.replace(/\/src\/tracking\/hooks\/[^/]*$/, "/dist/tracking/hooks/hook-process.js"),
  ),
);

/**
 * Runs hooks in a process of its own, which sees to it that a hook ends with this process however that ends: a program
 * that knows nothing of us cannot do so itself.
 */
export class HookProcess {
  #host: ChildProcess | null = null;

  /** @returns what was wrong with the hook; null: nothing */
  run(job: HookJob): Promise<string | null> {
    const host = this.#started();
    return new Promise((resolve) => {
      const over = (problem: string | null): void => {
        host.off("message", onMessage);
        host.off("error", onError);
        host.off("exit", onExit);
        this.#keepAlive(host, false);
        resolve(problem);
      };
      const onMessage = (message: unknown): void => over((message as FromHost).problem);
      const onError = (error: Error): void => over(`no process for hooks: ${error.message}`);
      const onExit = (): void => {
        this.#host = null;
        over("the process that ran it has died");
      };
      host.on("message", onMessage);
      host.on("error", onError);
      host.on("exit", onExit);
      this.#keepAlive(host, true);
      this.#send({ type: "run", job });
    });
  }

  /** Ends the hook that runs. */
  cancel(): void {
    this.#send({ type: "cancel" });
  }

  close(): void {
    if (this.#host?.connected) this.#host.disconnect();
    this.#host = null;
  }

  #started(): ChildProcess {
    if (this.#host) return this.#host;
    const host = fork(hostFile, [], {
      stdio: ["ignore", "ignore", "ignore", "ipc"],
      execArgv: [],
    });
    host.on("error", () => {
      this.#host = null;
    });
    this.#host = host;
    return host;
  }

  #send(message: ToHost): void {
    // The end of a host that is gone is told by `exit`.
    if (this.#host?.connected) this.#host.send(message, () => undefined);
  }

  /** Whether this process goes on for the host: only while a hook runs. */
  #keepAlive(host: ChildProcess, on: boolean): void {
    const method = on ? "ref" : "unref";
    host[method]();
    host.channel?.[method]();
  }
}
