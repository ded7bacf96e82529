// A tracker that writes every report and every result to a CSV file, a line each, as they come.
import { appendFile } from "node:fs/promises";

const cell = (value) => (/[",\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value));

export class CsvTracker {
  #file;
  #lines = ["study,number,step,state,value"];
  #writing = Promise.resolve();
  #study = "";

  constructor(file) {
    this.#file = file;
  }

  // Nobody waits for this: what takes time is queued, so that lines stay in order and the study is not held up.
  onEvent(event) {
    if (event.event === "start") this.#study = event.study;
    if (event.event === "report") this.#add(event.number, event.step, "running", event.value);
    if (event.event === "trial")
      this.#add(event.trial.number, "", event.trial.state, event.trial.values?.join(" ") ?? "");
  }

  #add(...cells) {
    this.#lines.push([this.#study, ...cells].map(cell).join(","));
    this.#writing = this.#writing.then(() => this.#write());
  }

  async #write() {
    const lines = this.#lines.splice(0);
    if (lines.length > 0) await appendFile(this.#file, `${lines.join("\n")}\n`);
  }

  /** Called once after the last event, and waited for. */
  async close() {
    await this.#writing;
    await this.#write();
  }
}
