/** How commander's help and error texts are laid out: to the terminal's width, broken between words only. */
import type { Help, HelpConfiguration, OutputConfiguration } from "commander";
import { shown } from "./io.js";
import type { CliIo } from "./io.js";
import { styled } from "./styles.js";
import { tellerOf } from "./teller.js";
import { sizeOf, takesColors } from "./terminal.js";
import type { OutputStream } from "./terminal.js";
import { textWidth, wrapText } from "./text-layout.js";

const INDENT = 2;
const GAP = 2;
/** A page is 80 columns wide where there is no terminal that says otherwise. */
const PAGE = 80;

/** The widest column of terms: options with long arguments stand above their description instead. */
const termColumn = (helpWidth: number): number => Math.min(30, Math.floor(helpWidth / 3));

/** A term with its description beside it, or below it where the term is a long one. */
function formatItem(term: string, termWidth: number, description: string, helper: Help): string {
  const margin = " ".repeat(INDENT);
  if (description === "") return margin + term;
  const column = INDENT + termWidth + GAP;
  const [first = "", ...others] = wrapText(description, Math.max(20, (helper.helpWidth ?? PAGE) - column));
  const below = others.map((line) => `\n${" ".repeat(column)}${line}`).join("");
  const room = termWidth - textWidth(term);
  return margin + term + (room >= 0 ? " ".repeat(room + GAP) : `\n${" ".repeat(column)}`) + first + below;
}

/** For `Command.configureHelp`. */
export const helpLayout: HelpConfiguration = {
  formatItem,
  padWidth: (command, helper) => {
    const longest = Math.max(
      helper.longestOptionTermLength(command, helper),
      helper.longestSubcommandTermLength(command, helper),
      helper.longestArgumentTermLength(command, helper),
    );
    return Math.min(longest, termColumn(helper.helpWidth ?? PAGE));
  },
  boxWrap: (text, width) =>
    text
      .split("\n")
      .flatMap((line) => wrapText(line, width))
      .join("\n"),
  styleTitle: (title) => styled("heading", title),
  styleOptionTerm: (term) => styled("term", term),
  styleArgumentTerm: (term) => styled("term", term),
  styleSubcommandTerm: (term) => styled("term", term),
};

/** For `Command.configureOutput`: where help and errors go, as those streams take them. */
export function helpOutput(io: CliIo): OutputConfiguration {
  const width = (stream: OutputStream): number => (stream.isTTY === true ? sizeOf(stream).columns : PAGE);
  return {
    writeOut: (text) => io.stdout.write(shown(text, takesColors(io.stdout))),
    writeErr: (text) => {
      tellerOf(io.stderr)?.record(shown(text.trimEnd()));
      io.stderr.write(shown(text, takesColors(io.stderr)));
    },
    getOutHelpWidth: () => width(io.stdout),
    getErrHelpWidth: () => width(io.stderr),
    // `shown` takes care of both: what looks like a colour here is a mark of ours.
    getOutHasColors: () => true,
    getErrHasColors: () => true,
    outputError: (text, write) => {
      const line = text.replaceAll(/\n(?=\(Did)/g, " ");
      write(line.replace(/^error:/, () => styled("error", "error:")));
    },
  };
}
