/** Ends programs whose optimizer is gone: they know nothing of us, and cannot see to it themselves. */
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import type { Socket } from "node:net";

/**
 * A shell that is told which process groups run, and waits for the end of its input, which is this process's (or this
 * thread's) end however that comes. Then they get SIGTERM and a second later SIGKILL: nothing of them is there after two.
 */
const WATCH = `trap '' TERM HUP INT
groups=
while read -r op group; do
  if [ "$op" = + ]; then groups="$groups $group"; continue; fi
  left=
  for one in $groups; do [ "$one" = "$group" ] || left="$left $one"; done
  groups=$left
done
[ -n "$groups" ] || exit 0
for one in $groups; do kill -s TERM -- "-$one"; done
sleep 1
for one in $groups; do kill -s KILL -- "-$one"; done`;

let guard: ChildProcess | null = null;

/** The guard of this thread; a new one where the last is gone. */
function started(): ChildProcess {
  if (guard && guard.exitCode === null && guard.signalCode === null) return guard;
  // A session of its own: signals of a terminal reach whole groups.
  const own = spawn("/bin/sh", ["-c", WATCH], { detached: true, stdio: ["pipe", "ignore", "ignore"], env: {} });
  // Without a shell no program runs either, and that is told.
  own.on("error", () => undefined);
  own.stdin.on("error", () => undefined);
  own.unref();
  (own.stdin as Socket).unref();
  guard = own;
  return own;
}

function tell(text: string): void {
  const { stdin } = started();
  if (stdin?.writable) stdin.write(text);
}

/** Has a process group end with this thread. */
export function guardGroup(group: number): void {
  tell(`+ ${group}\n`);
}

/** A group that is guarded no more: it has ended. */
export function releaseGroup(group: number): void {
  tell(`- ${group}\n`);
}
