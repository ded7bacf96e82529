/** What made a study or ran a training: program, machine, and the line that was typed. */
import type { KernelsName } from "./run.js";

/** Kept to be read by people; nothing depends on it. Key names are those of the files and events. */
export interface MadeBy {
  /** Name and version. */
  readonly package: string;
  /** Of the package's own sources, where that is known. */
  readonly commit?: string;
  /** The version. */
  readonly node: string;
  /** Its model, how many cores, the architecture. */
  readonly cpu: string;
  /** Those that ran; of a study, and of a machine, those that `auto` stands for. */
  readonly kernels: KernelsName;
  /** As typed; passwords and tokens in URLs are masked. */
  readonly command_line: string;
}
