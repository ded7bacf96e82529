/** Workspaces of the kernels, kept by shape and used again. */
import type { KernelMemory } from "./memory.js";

/** Memory in which one forward pass keeps what its backward pass needs. */
export interface Workspace<L> {
  readonly key: string;
  readonly address: number;
  readonly layout: L;
  /** `held`: a tape still needs it. `done`: its gradients were taken; free for the next pass. */
  state: "idle" | "held" | "done";
  /** Counts the passes, so that a late release can't hit a later pass. */
  pass: number;
  lastUsed: number;
}

/** Idle workspaces beyond this many are freed, least recently used first: a search goes through many shapes. */
const KEPT = 12;

/**
 * Workspaces by shape. Memory stays flat: a training loop reuses one workspace for each of its shapes. A pass whose tape
 * was thrown away without taking gradients gives its workspace back when its output is garbage-collected.
 */
export class Workspaces<L> {
  readonly #all: Workspace<L>[] = [];
  readonly #lost = new FinalizationRegistry<{ workspace: Workspace<L>; pass: number }>(({ workspace, pass }) => {
    if (workspace.pass === pass) workspace.state = "idle";
  });
  #clock = 0;

  constructor(
    readonly memory: KernelMemory,
    private readonly plan: (address: number, key: string) => { bytes: number; layout: (address: number) => L },
  ) {}

  acquire(key: string): Workspace<L> {
    let workspace = this.#all.find((w) => w.key === key && w.state !== "held");
    if (!workspace) {
      this.#evict();
      const { bytes, layout } = this.plan(0, key);
      const address = this.memory.allocate(bytes);
      workspace = { key, address, layout: layout(address), state: "idle", pass: 0, lastUsed: 0 };
      this.#all.push(workspace);
    }
    workspace.pass++;
    workspace.lastUsed = ++this.#clock;
    workspace.state = "done";
    return workspace;
  }

  /** Keeps a workspace for the backward pass; `token` is an object that dies with the tape. */
  hold(workspace: Workspace<L>, token: object): void {
    workspace.state = "held";
    this.#lost.register(token, { workspace, pass: workspace.pass });
  }

  #evict(): void {
    const idle = this.#all.filter((w) => w.state !== "held").sort((a, b) => a.lastUsed - b.lastUsed);
    for (const workspace of idle.slice(0, Math.max(0, idle.length - KEPT + 1))) {
      this.memory.free(workspace.address);
      this.#all.splice(this.#all.indexOf(workspace), 1);
    }
  }
}
