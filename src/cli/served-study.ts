/** `create-study` at a service: what it made, or would make, in the words of a study made here. */
import { createServedStudy, planServedStudy } from "../app/served-study.js";
import type { CreateStudyOptions } from "../app/create-study.js";
import type { StudyStorage } from "../storage/storage.js";
import type { Base } from "./commands/create-study.js";
import { printNote, printNotice } from "./io.js";
import type { CliIo, OutputFormat } from "./io.js";
import { printData } from "./render.js";
import { storageArgument } from "./study-ref.js";
import { typedProgram } from "./typed-program.js";

/** How a study is made there. */
export interface ServedCreation {
  readonly io: CliIo;
  readonly format: OutputFormat;
  readonly storage: StudyStorage;
  /** The service, as it is shown. */
  readonly directory: string;
  readonly base: Base | null;
  readonly dryRun: boolean;
}

/** @throws UsageError `study-exists`, `not-allowed`, `not-remote`, and what is wrong with the request. */
export async function createServed(
  { io, format, storage, directory, base, dryRun }: ServedCreation,
  { storage: _storage, ...request }: CreateStudyOptions,
): Promise<void> {
  const config = base?.name ?? null;
  const sayByItself = (): void => {
    if (base?.byItself) printNote(io.stderr, `no option says what the study is: using preset ${base.name}`);
  };
  if (dryRun) {
    const { warnings, ...plan } = await planServedStudy(storage, request);
    sayByItself();
    const { name, space, fixed } = plan;
    if (format === "table") for (const warning of warnings) printNotice(io.stderr, "warning", warning);
    const { printSpace } = await import("./commands/create-study.js");
    return printSpace(io, format, { header: plan, derived: { space, fixed } } as never, { config, warnings, name });
  }
  const { study, file, created } = await createServedStudy(storage, request);
  sayByItself();
  const { name, seed, space } = study;
  await printData(
    io,
    format,
    { study: name, file, seed, created, config, warnings: [] },
    {
      table: () =>
        created
          ? `created study ${name}: ${file} (seed ${seed}, ${Object.keys(space).length} searched)`
          : `study ${name} is already there with the same settings: ${file}`,
      value: () => name,
    },
  );
  if (format !== "table") return;
  printNote(io.stdout, `next: ${typedProgram()} optimize ${name}${storageArgument(directory)} --trials 100`);
}
