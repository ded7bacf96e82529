/** Workspaces of the kernels, kept by shape and used again. */
import type { KernelMemory } from "./memory.js";

/** Memory in which one forward pass keeps what its backward pass needs. */
export interface Workspace<L> {
  readonly key: string;
  readonly address: number;
  readonly layout: L;
  /** `held`: a tape still needs it. `done`: its gradients were taken; free for the next pass. */
  state: "idle" | "held" | "done";
  /** Dies with the tape that needs it. */
  token: WeakRef<object> | null;
  /** Counts the passes, so that a tape finds out that its workspace is another's by now. */
  pass: number;
  lastUsed: number;
}

/** Idle workspaces beyond this many are freed, least recently used first: a search goes through many shapes. */
const KEPT = 12;

/** Whether no tape is left that needs it. */
function isFree({ state, token }: Workspace<unknown>): boolean {
  return state !== "held" || token?.deref() === undefined;
}

/**
 * Workspaces by shape. Memory stays flat: a training loop reuses one workspace for each of its shapes. A pass whose tape
 * was thrown away without taking gradients leaves its workspace to others once its output is garbage-collected. That is
 * looked at when one is wanted: in Node 20, V8 runs no more callbacks of any `FinalizationRegistry` after one of them was
 * collected together with what it watched.
 */
export class Workspaces<L> {
  readonly #all: Workspace<L>[] = [];
  #clock = 0;

  constructor(
    readonly memory: KernelMemory,
    private readonly plan: (address: number, key: string) => { bytes: number; layout: (address: number) => L },
  ) {}

  acquire(key: string): Workspace<L> {
    const own = this.#all.filter((w) => w.key === key);
    let workspace = own.find((w) => w.state !== "held") ?? own.find(isFree);
    if (!workspace) {
      this.#evict();
      const { bytes, layout } = this.plan(0, key);
      const address = this.memory.allocate(bytes);
      workspace = { key, address, layout: layout(address), state: "idle", token: null, pass: 0, lastUsed: 0 };
      this.#all.push(workspace);
    }
    workspace.pass++;
    workspace.lastUsed = ++this.#clock;
    workspace.state = "done";
    workspace.token = null;
    return workspace;
  }

  /** Keeps a workspace for the backward pass; `token` is an object that dies with the tape. */
  hold(workspace: Workspace<L>, token: object): void {
    workspace.state = "held";
    workspace.token = new WeakRef(token);
  }

  #evict(): void {
    const idle = this.#all.filter(isFree).sort((a, b) => a.lastUsed - b.lastUsed);
    for (const workspace of idle.slice(0, Math.max(0, idle.length - KEPT + 1))) {
      this.memory.free(workspace.address);
      this.#all.splice(this.#all.indexOf(workspace), 1);
    }
  }
}
