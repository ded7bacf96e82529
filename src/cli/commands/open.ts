/** `mlbench-hpo open`: the page of a folder's running service. */
import type { CommandDefinition } from "../command.js";
import { printNotice } from "../io.js";
import { storageOption } from "../study-ref.js";

/** `mlbench-hpo open` */
export const openCommand: CommandDefinition = (program, { io }) => {
  program
    .command("open")
    .description("print the URL of the running service, with its token; on a terminal open it in the browser")
    .addOption(storageOption())
    .option("--browser", "open it without a terminal as well")
    .option("--no-browser", "print it only")
    .action(async (options: { storage: string; browser?: boolean }) => {
      const { openService } = await import("../../service/open.js");
      const { url, show } = await openService(options.storage);
      // Not a line of the log: it holds the token.
      io.stdout.write(`${url}\n`);
      if (!(options.browser ?? io.stdout.isTTY === true)) return;
      const failure = await show();
      if (failure !== null) printNotice(io.stderr, "warning", failure);
    });
};
