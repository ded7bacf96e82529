/** A study host that keeps nothing on a disk and runs nothing: for tests of the service itself. */
import { unknownStudy } from "../../../src/storage/study-errors.js";
import type { HostedStudy, StudyHost } from "../../../src/host/host.js";
import { MemoryStorage } from "../../../src/storage/memory.js";

/** Names of its studies; each method may be replaced. */
export function fakeHost(replaced: Partial<StudyHost> = {}): StudyHost {
  const storage = new MemoryStorage();
  const unused = (): never => {
    throw new Error("not in this test");
  };
  const get = async (name: string): Promise<HostedStudy> => {
    if (!(await storage.exists(name))) throw unknownStudy(name, await storage.list());
    return { summary: await storage.summary(name), here: false, run: null };
  };
  return {
    storage,
    startedAt: new Date().toISOString(),
    list: async () => ({ studies: await Promise.all((await storage.list()).map(get)), unread: [] }),
    get,
    watch: () => () => undefined,
    view: async (name) => {
      await get(name);
      return unused();
    },
    create: unused,
    remove: (name) => storage.delete(name),
    startRun: unused,
    changeRun: unused,
    command: unused,
    ask: unused,
    workers: () => [],
    outside: () => [],
    plan: unused,
    changeSpace: unused,
    resume: async () => undefined,
    close: async () => undefined,
    ...replaced,
  };
}
