/** `mlbench-hpo study`: what is kept with a study, and the study as a whole: noted, put away, copied, renamed. */
import type { Command } from "commander";
import { UsageError } from "../../core/index.js";
import type { StudyAnnotationChange } from "../../study/commands.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { printNote } from "../io.js";
import { typedProgram } from "../typed-program.js";
import type { CliIo } from "../io.js";
import { jsonOrText } from "../json-arguments.js";
import {
  addStudyOptions,
  folderLocation,
  resolveStudy,
  splitStudyPath,
  storageArgument,
  storageOption,
} from "../study-ref.js";
import type { StudyOptions, StudyRef } from "../study-ref.js";

/** `mlbench-hpo study set-user-attr|note|archive|unarchive|copy|rename` */
export const studyCommand: CommandDefinition = (program, { io }: CommandContext) => {
  const study = program.command("study").description("note, archive, copy or rename a study; keep values with it");
  addAttributes(study, io);
  addNote(study, io);
  addArchiving(study, io);
  addCopying(study, io);
};

function addAttributes(study: Command, io: CliIo): void {
  addStudyOptions(study.command("set-user-attr"), { positional: true })
    .description("set a user attribute on the study")
    .requiredOption("--key <key>", "the attribute's name")
    .requiredOption("--value <value>", "its value: JSON, or text")
    .action(async (name: string | undefined, options: StudyOptions & { key: string; value: string }) => {
      if (options.key === "") throw new UsageError("invalid-key", "--key: expected a name");
      const ref = await resolveStudy(options, name);
      const { commandStudy } = await import("../../app/command-study.js");
      await commandStudy(ref, {
        ...{ type: "set-user-attr", key: options.key, value: jsonOrText(options.value) },
      });
      printNote(io.stdout, `${ref.name}: ${options.key} is set`);
    });
}

async function annotate(ref: StudyRef, change: StudyAnnotationChange): Promise<void> {
  const { commandStudy } = await import("../../app/command-study.js");
  await commandStudy(ref, { type: "annotate-study", change });
}

/** @throws UsageError `invalid-option` for a study's name in the place of a note. */
async function requireNoStudy({ storage }: StudyRef, note: string): Promise<void> {
  const { name } = note.endsWith(".json") ? splitStudyPath(note) : { name: note };
  if ((await storage.list()).includes(name))
    throw new UsageError(
      "invalid-option",
      `study note ${note}: expected the note: study note ${note} "…"; show ${note} prints the one that is kept`,
    );
}

/** `study note NAME TEXT`, or `study note TEXT` for the only study there is. */
function addNote(study: Command, io: CliIo): void {
  addStudyOptions(study.command("note"), { positional: false })
    .description("keep a text with a study, in place of the one before")
    .argument("<words...>", "the study's name or file, and the note; empty removes it")
    .usage("[options] [study] <text>")
    .action(async (words: string[], options: StudyOptions) => {
      if (words.length > 2)
        throw new UsageError(
          "invalid-option",
          `study note: put the text into quotes: study note NAME "${words.at(1)} …"`,
        );
      const note = words.at(-1) as string;
      const ref = await resolveStudy(options, words.length === 2 ? words[0] : undefined);
      // Else a note would be lost to whoever forgot the text, or meant to read it.
      if (words.length === 1 && [options.studyName, options.study].every((name) => name === undefined))
        await requireNoStudy(ref, note);
      await annotate(ref, { note });
      printNote(io.stdout, note === "" ? `${ref.name}: no note` : `${ref.name}: noted`);
    });
}

function addArchiving(study: Command, io: CliIo): void {
  addStudyOptions(study.command("archive"), { positional: true })
    .description("put a study away: `studies` leaves it out, and it is not optimized")
    .action(async (name: string | undefined, options: StudyOptions) => {
      const ref = await resolveStudy(options, name);
      await annotate(ref, { archived: true });
      const back = `${typedProgram()} study unarchive ${ref.name}${storageArgument(ref.directory)}`;
      printNote(io.stdout, `archived ${ref.name}; to bring it back: ${back}`);
    });
  addStudyOptions(study.command("unarchive"), { positional: true })
    .description("bring an archived study back")
    .action(async (name: string | undefined, options: StudyOptions) => {
      const ref = await resolveStudy(options, name);
      await annotate(ref, { archived: false });
      printNote(io.stdout, `${ref.name} is back`);
    });
}

function addCopying(study: Command, io: CliIo): void {
  study
    .command("rename")
    .description("give a study another name, with everything that belongs to it")
    .argument("<study>", "the study's name or file")
    .argument("<name>", "its new name")
    .addOption(storageOption())
    .action(async (from: string, to: string, options: StudyOptions) => {
      const ref = await resolveStudy(options, from);
      const { renameStudy } = await import("../../app/move-study.js");
      await renameStudy({ name: ref.name, storage: ref.storage, to });
      printNote(io.stdout, `renamed ${ref.name} to ${to}: ${ref.storage.location(to)}`);
    });
  study
    .command("copy")
    .description("copy a study with its trials, checkpoints and logs; the copy goes on by itself")
    .argument("<study>", "the study's name or file")
    .argument("[name]", "the copy's name (with --to-storage, default: the same)")
    .addOption(storageOption())
    .option("--to-storage <dir>", "the folder that the copy goes to (default: the study's own)")
    .action(async (from: string, to: string | undefined, options: StudyOptions & { toStorage?: string }) => {
      if (to === undefined && options.toStorage === undefined)
        throw new UsageError("invalid-option", `study copy ${from}: expected the copy's name: study copy ${from} NAME`);
      const ref = await resolveStudy(options, from);
      const [{ copyStudy }, { openStorage }] = await Promise.all([
        import("../../app/move-study.js"),
        import("../../app/storage.js"),
      ]);
      const given = options.toStorage;
      const toStorage = given === undefined ? ref.storage : await openStorage(folderLocation(given));
      const name = to ?? ref.name;
      await copyStudy({ name: ref.name, storage: ref.storage, to: name, toStorage });
      printNote(io.stdout, `copied ${ref.name} to ${name}: ${toStorage.location(name)}`);
    });
}
