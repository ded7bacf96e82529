// An executor that gives every trial a process of its own, new each time: nothing that a trial leaves behind in its
// process (a native library's state, memory that is never given back) reaches the next one.
import { availableParallelism } from "node:os";

export default function register({ executors, Places, z }) {
  class OneShotExecutor {
    name = "one_shot";
    #places;

    constructor(places) {
      // Places hands out the right to run a trial, and calls this function for each one that is run.
      this.#places = new Places(places, (_slot, job, hooks) => runOnce(job, hooks));
    }

    capacity() {
      return this.#places.count;
    }

    acquire(signal) {
      return this.#places.acquire(signal);
    }

    async close() {
      this.#places.close();
    }
  }

  async function runOnce(job, hooks) {
    const createProcesses = await executors.get("process").load();
    const process = await createProcesses({ places: 1 });
    const place = await process.acquire();
    try {
      return await place.run(job, hooks);
    } finally {
      place.release();
      await process.close();
    }
  }

  executors.register("one_shot", {
    summary: "a new process for every trial (example)",
    parameters: z.strictObject({}),
  })(({ places = availableParallelism() }) => new OneShotExecutor(places));
}
