import { mkdir, mkdtemp, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { AllowedFiles } from "../../../src/host/allowed-paths.js";
import { studyPlan } from "../../../src/host/make-study.js";

let folder: string;
let inside: string;
let files: AllowedFiles;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "allowed-"));
  inside = join(folder, "inside");
  await mkdir(join(inside, "deep"), { recursive: true });
  await mkdir(join(folder, "inside-not"));
  await mkdir(join(folder, "secret"));
  for (const file of ["inside/train.py", "secret/train.py", "inside-not/train.py"])
    await writeFile(join(folder, file), "");
  await symlink(join(folder, "secret"), join(inside, "link"));
  await symlink(join(folder, "secret", "train.py"), join(inside, "linked.py"));
  files = new AllowedFiles([inside], inside);
});

const path = (given: string | URL) => files.require([{ field: "objective", path: given }]);
const command = (words: string[], more: { shell?: boolean; cwd?: string } = {}) =>
  files.require([{ field: "command", words, shell: false, cwd: inside, ...more }]);
const refused = { code: "not-allowed", exitCode: 2 };

describe("files that a request names", () => {
  it("are those below the allowed folders, whatever leads there", async () => {
    for (const given of ["train.py", "./deep/../train.py", join(inside, "train.py"), inside, "not-there-yet.mjs"])
      await path(given);
    await path(pathToFileURL(join(inside, "train.py")));
    await path(pathToFileURL(join(inside, "train.py")).href);
  });

  it("are no others: by way of .., a link, a neighbour's name, another scheme", async () => {
    for (const given of [
      ...["../secret/train.py", "deep/../../secret/train.py", "link/train.py", "linked.py", "link/new.mjs"],
      ...[join(folder, "inside-not", "train.py"), "/etc/passwd", "..", folder],
      ...["http://127.0.0.1/a.mjs", "data:text/javascript,1", "node:fs", "file://elsewhere/a.mjs"],
      pathToFileURL("/etc/passwd").href,
    ])
      await expect(path(given), given).rejects.toMatchObject(refused);
  });

  it("are none without an allowed folder", async () => {
    const none = new AllowedFiles([], inside);
    await expect(none.require([{ field: "objective", path: "train.py" }])).rejects.toThrow(
      "objective: train.py, and the service was started without --allow: it opens and runs nothing that requests name",
    );
  });

  it("are programs there, or an interpreter's first argument, and nothing that the request spells out", async () => {
    await command(["./train.py", "--lr", "{lr}"]);
    await command(["python", "train.py", "--lr", "{lr}"]);
    await command(["python3.12", join(inside, "train.py")]);
    for (const words of [
      ...[
        ["python", "-c", "print(1)"],
        ["sh", "-c", "true"],
        ["python", "link/train.py"],
        ["/bin/sh", "train.py"],
      ],
      // Programs that do what their arguments say, whatever file stands first among them.
      ...[
        ["find", "train.py", "-exec", "sh", "-c", "true", ";"],
        ["sed", "train.py", "-e", "1e true"],
        ["rm", "train.py"],
        ["env", "train.py"],
      ],
      ...[["env", "python", "train.py"], ["python"], ["rm", "/etc/passwd"], ["../secret/train.py"], ["python", "deep"]],
    ])
      await expect(command(words), words.join(" ")).rejects.toMatchObject(refused);
    await expect(command(["./train.py"], { shell: true })).rejects.toMatchObject(refused);
    await expect(command(["python", "train.py"], { cwd: join(inside, "link") })).rejects.toMatchObject(refused);
  });

  it("are no programs that would do what their other arguments say to an allowed file", async () => {
    for (const words of [
      ["find", "train.py", "-exec", "touch", "/tmp/found", ";"],
      ["sed", "train.py", "-n", "-e", "1e touch /tmp/found"],
      ...[
        ["cp", "train.py", "/tmp/copied"],
        ["tee", "train.py"],
        ["env", "train.py"],
        ["xargs", "train.py"],
      ],
    ])
      await expect(command(words), words.join(" ")).rejects.toMatchObject(refused);
    for (const name of ["python3", "python3.12", "node", "Rscript", "bash"]) await command([name, "train.py"]);
  });

  it("are nothing that requests put into the storage, and no secret of it, where the storage lies below --allow", async () => {
    const storage = join(inside, "studies");
    await mkdir(join(storage, "a.files", "00000"), { recursive: true });
    await mkdir(join(storage, ".service"));
    for (const file of ["a.files/00000/x.py", ".service/token", "train.py"]) await writeFile(join(storage, file), "");
    await symlink(join(storage, "a.files"), join(inside, "put"));
    const own = new AllowedFiles([inside], inside, { storage });
    for (const given of ["studies/a.files/00000/x.py", "put/00000/x.py", "studies/.service/token"]) {
      await expect(own.require([{ field: "data.path", path: given }]), given).rejects.toMatchObject(refused);
      await expect(
        own.require([{ field: "command", words: ["python", given], shell: false, cwd: inside }]),
      ).rejects.toMatchObject(refused);
    }
    await own.require([{ field: "objective", path: "studies/train.py" }]);
  });

  it("are refused alike whether they are there or not", async () => {
    const said = async (given: { plugins: string[] } | { objective: string }): Promise<string> => {
      const options = { name: "asked", storage: folder, directory: inside, search: { x: "0..1" }, ...given };
      const error = await studyPlan({ options, allow: [inside] }).catch((thrown: unknown) => thrown as Error);
      expect(error).toMatchObject(refused);
      return (error as Error).message.replaceAll(/secret\/[a-z.]+/g, "FILE");
    };
    const [file, none, place] = ["../secret/train.py", "../secret/none.py", "../secret/../secret"];
    expect(await said({ plugins: [none] })).toBe(await said({ plugins: [file] }));
    expect(await said({ plugins: [place] })).toContain("not below a folder");
    expect(await said({ objective: none })).toBe(await said({ objective: file }));
    await said({ objective: "file://elsewhere/a.mjs" });
  });
});
