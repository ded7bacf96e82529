/** placeholder. */
import type { CommandDefinition } from "../command.js";
export const completionCommand: CommandDefinition = () => {};
