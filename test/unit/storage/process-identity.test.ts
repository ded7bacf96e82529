/** What can be told of another process from here: living, gone, or not to be looked at. */
import { expect, it } from "vitest";

import { judge, realProcessView } from "../../../src/storage/json-file/process-identity.js";
import type { ProcessIdentity, Verdict } from "../../../src/storage/json-file/process-identity.js";
import { here, viewOf } from "../../fixtures/storage/lock-world.js";
import type { MachineView } from "../../fixtures/storage/lock-world.js";

const living: MachineView = { processes: { 7: "70" } };
const other: ProcessIdentity = { ...here, pid: 7, start: "70" };

const cases: [what: string, owner: ProcessIdentity, view: MachineView, verdict: Verdict, self?: typeof here][] = [
  ["a running process of this boot", other, living, "living"],
  ["no such process", other, {}, "gone"],
  ["another process of its number", other, { processes: { 7: "71" } }, "gone"],
  ["a process whose start nobody knows", { ...other, start: null }, living, "living"],
  // Two machines of one host name on a shared folder.
  ["another machine's of the same name", { ...other, boot: "boot-b", machine: "machine-b" }, {}, "elsewhere"],
  [
    "another machine's with a process of that number and start here",
    { ...other, machine: "m", boot: "b" },
    living,
    "elsewhere",
  ],
  // Two nodes run one image, which has a machine id inside: the owner was seen after this node was booted.
  ["one of the same machine id, seen after this boot", { ...other, boot: "boot-b" }, { bootedAt: 900 }, "elsewhere"],
  ["one of an earlier boot of this machine", { ...other, boot: "boot-b" }, { bootedAt: 2_000 }, "gone"],
  [
    "one of an earlier boot under another name",
    { ...other, boot: "boot-b", host: "x" },
    { bootedAt: 2_000 },
    "elsewhere",
  ],
  [
    "one of an earlier boot of a nameless machine",
    { ...other, boot: "boot-b", machine: null },
    { bootedAt: 2_000 },
    "elsewhere",
  ],
  // The boot id is hidden, or a clock that it is made from was set.
  ["a running one whose boot id is another", { ...other, boot: "boot-b" }, { ...living, bootedAt: 2_000 }, "living"],
  ["a running one without a boot id", { ...other, boot: null }, living, "living"],
  ["one without a boot id that does not run", { ...other, boot: null }, { bootedAt: 2_000 }, "elsewhere"],
  ["one of a boot that this process does not know", other, { bootedAt: 2_000 }, "elsewhere", { ...here, boot: null }],
  // Containers of this machine.
  ["one in another container", { ...other, pid_namespace: "pid:[2]" }, living, "elsewhere"],
  ["one in a container that is gone", { ...other, pid_namespace: "pid:[2]" }, { goneNamespaces: ["pid:[2]"] }, "gone"],
  [
    "one in a gone container's namer on another machine",
    { ...other, pid_namespace: "pid:[2]", boot: "b" },
    { goneNamespaces: ["pid:[2]"] },
    "elsewhere",
  ],
  // An older lock does not say.
  ["one that names no machine", { ...other, boot: "b", machine: undefined as never }, { bootedAt: 2_000 }, "elsewhere"],
];

it.each(cases)("%s", (_what, owner, view, verdict, self = here) => {
  expect(judge(owner, 1_000, viewOf(self, view))).toBe(verdict);
});

it("this process is seen to live, under a boot id of its own, and by a number of its machine that is no secret", () => {
  const { self } = realProcessView;
  expect(judge(self, Date.now(), realProcessView)).toBe("living");
  expect(judge({ ...self, boot: "another" }, Date.now(), realProcessView)).toBe(
    self.start === null ? "elsewhere" : "living",
  );
  expect(self.machine ?? "0".repeat(32)).toMatch(/^[0-9a-f]{32}$/);
  expect(realProcessView.self).toBe(self);
});
