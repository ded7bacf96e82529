/** The command that does the same from a terminal, to copy. */
import { copyText } from "./copying.js";

/** What it takes. */
export interface CommandLineProps {
  readonly command: string;
  /** What it is the equivalent of. @default "The same from the command line" */
  readonly title?: string | undefined;
}

/** One command, or some lines of code. */
export function CommandLine({ command, title = "The same from the command line" }: CommandLineProps) {
  return (
    <div class="command" role="group" aria-label={title}>
      <pre tabIndex={0}>
        <code>{command}</code>
      </pre>
      <button type="button" aria-label={`Copy: ${title}`} onClick={() => void copyText(command)}>
        Copy
      </button>
    </div>
  );
}
