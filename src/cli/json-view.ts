/** A call of `optimize` as events for programs, one JSON line each. */
import type { OptimizeEvent } from "../core/index.js";
import { eventData } from "../app/views/event-json.js";
import type { EventContext } from "../app/views/event-json.js";
import type { CliIo } from "./io.js";
import { printJson } from "./io.js";

/** What the events say of the study besides what they hear. */
export type JsonViewOptions = EventContext;

/** `--format json`: nothing on stdout but events. */
export class JsonView {
  readonly #io: CliIo;
  readonly #options: JsonViewOptions;

  constructor(io: CliIo, options: JsonViewOptions) {
    this.#io = io;
    this.#options = options;
  }

  onEvent(event: OptimizeEvent): void {
    const line = eventData(event, this.#options);
    if (line) printJson(this.#io.stdout, line);
  }

  stop(): void {}
}
