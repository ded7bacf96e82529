/** Runs once before all tests: their files lie in memory where the machine has room there, as thousands are synced. */
import { mkdtempSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";

const MEMORY = "/dev/shm";
/** An installation of the package and its neighbours: far below half of it. */
const ROOM_BYTES = 1 << 30;

/** A `TMPDIR` from outside is kept. */
export default function memoryFolder(): (() => void) | undefined {
  if (process.env["TMPDIR"] !== undefined || !hasRoom()) return undefined;
  const folder = mkdtempSync(join(MEMORY, "mlbench-hpo-test-"));
  process.env["TMPDIR"] = folder;
  return () => {
    rmSync(folder, { recursive: true, force: true });
  };
}

function hasRoom(): boolean {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= ROOM_BYTES;
  } catch {
    return false;
  }
}
