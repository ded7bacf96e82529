import type { CommandDefinition } from "../command.js";
import { datasetsCommand } from "./datasets.js";
import { describeCommand } from "./describe.js";
import { evaluateCommand } from "./evaluate.js";
import { modelsCommand } from "./models.js";
import { predictCommand } from "./predict.js";
import { exportCommand } from "./export.js";
import { showCommand } from "./show.js";
import { studiesCommand } from "./studies.js";
import { trialsCommand } from "./trials.js";
import { trainCommand } from "./train.js";

/** Every command in the order of the help text. */
export const commands: readonly CommandDefinition[] = [
  studiesCommand,
  trialsCommand,
  showCommand,
  exportCommand,
  trainCommand,
  evaluateCommand,
  predictCommand,
  modelsCommand,
  datasetsCommand,
  describeCommand,
];
