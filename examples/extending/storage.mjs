// A storage that keeps each study in one file to which events are added: a line an append, the study's header first.
// A line is what V8 makes of a value, in base64, so that NaN, Infinity and every text come back as they were.
import { mkdir, open, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { deserialize, serialize } from "node:v8";

const lineOf = (value) => `${serialize(value).toString("base64")}\n`;
const valueOf = (line) => deserialize(Buffer.from(line, "base64"));

export default function register({ storages, storageTools: tools, z, MlbenchError }) {
  /** The writers of this process by file: how commands reach them. */
  const writers = new Map();

  class LogStorage {
    #folder;

    constructor(folder) {
      this.#folder = folder;
    }

    location(name) {
      return join(this.#folder, `${name}.log`);
    }

    identity(name) {
      return `log:${this.location(name)}`;
    }

    /** Where a study's relative paths (plug-ins, data) start. */
    baseDirectory() {
      return this.#folder;
    }

    /** Trials leave no checkpoints and no logs here. */
    artifacts() {
      return null;
    }

    async create(header) {
      tools.requireStudyName(header.name);
      await mkdir(this.#folder, { recursive: true });
      try {
        await writeFile(this.location(header.name), lineOf(header), { flag: "wx" });
      } catch (error) {
        throw error.code === "EEXIST" ? tools.studyExists(header.name) : failed(error);
      }
      return this.openWriter(header.name);
    }

    async openWriter(name) {
      await this.#load(name);
      const file = this.location(name);
      const lock = `${file}.lock`;
      const owner = { pid: process.pid, host: hostname(), since: new Date().toISOString() };
      // What a dead owner left is in nobody's way. (Two that find it at once are not told apart here.)
      if (!(await this.ownerOf(name))) await rm(lock, { force: true });
      try {
        await writeFile(lock, JSON.stringify(owner), { flag: "wx" });
      } catch (error) {
        const other = await this.ownerOf(name);
        throw error.code === "EEXIST" && other ? tools.studyLocked(name, other, "wait for it to end") : failed(error);
      }
      const handle = await open(file, "r+");
      const writer = new LogWriter(name, await this.#load(name), handle, async () => {
        writers.delete(file);
        await handle.close();
        await rm(lock, { force: true });
      });
      writers.set(file, writer);
      return writer;
    }

    /** A study's whole lines; one that was cut short by a crash was never acknowledged. */
    async #load(name) {
      const text = await this.#text(name);
      const whole = text.slice(0, text.lastIndexOf("\n") + 1);
      try {
        const [header, ...appends] = whole.split("\n").slice(0, -1).map(valueOf);
        const events = appends.flat();
        return { state: events.reduce(tools.applyEvent, tools.createStudyState(header)), events, bytes: whole.length };
      } catch (error) {
        throw new MlbenchError("study-damaged", `${this.location(name)}: ${error.message}`, { cause: error });
      }
    }

    async #text(name) {
      tools.requireStudyName(name);
      try {
        return await readFile(this.location(name), "latin1");
      } catch (error) {
        throw error.code === "ENOENT" ? tools.unknownStudy(name, await this.list()) : failed(error);
      }
    }

    async read(name) {
      return (await this.#load(name)).state;
    }

    async exists(name) {
      return (await this.list()).includes(name);
    }

    async list() {
      const files = await readdir(this.#folder).catch(() => []);
      const names = files.filter((file) => file.endsWith(".log")).map((file) => file.slice(0, -".log".length));
      return names.sort();
    }

    /** Null where nobody has the study open, or who had it is gone. */
    async ownerOf(name) {
      const text = await readFile(`${this.location(name)}.lock`, "utf8").catch(() => "");
      if (text === "") return null;
      const owner = JSON.parse(text);
      try {
        process.kill(owner.pid, 0);
        return owner;
      } catch (error) {
        return error.code === "EPERM" ? owner : null;
      }
    }

    async inspect(name) {
      return { state: await this.read(name), findings: [], owner: await this.ownerOf(name) };
    }

    async summary(name) {
      const where = { owner: await this.ownerOf(name), location: this.location(name) };
      return tools.summaryOf(await this.read(name), where);
    }

    async summaries() {
      const entry = async (name) => {
        const of = { name, location: this.location(name) };
        try {
          return { ...of, summary: await this.summary(name), error: null };
        } catch (error) {
          return { ...of, summary: null, error };
        }
      };
      return Promise.all((await this.list()).map(entry));
    }

    async delete(name) {
      await this.#load(name);
      const owner = await this.ownerOf(name);
      if (owner) throw tools.studyLocked(name, owner, "wait for it to end");
      await rm(this.location(name));
    }

    /** The log holds every event singly, so that a follower is given the whole only when it is ahead. */
    async *follow(name, fromRevision, { signal } = {}) {
      const { header } = await this.read(name);
      let revision = fromRevision;
      while (!signal?.aborted) {
        const log = await this.#load(name).catch(() => null);
        if (log?.state.header.created_at !== header.created_at) throw tools.studyDeleted(name);
        if (revision > log.events.length) {
          revision = log.state.revision;
          yield { reset: true, revision, state: log.state };
        }
        for (const event of log.events.slice(revision)) {
          if (signal?.aborted) return;
          revision += 1;
          yield { revision, event };
        }
        await delay(50, undefined, { signal }).catch(() => undefined);
      }
    }

    /** Commands reach a writer of this process alone. */
    async send(name, command) {
      await this.#load(name);
      const writer = writers.get(this.location(name));
      if (!writer) throw noOwner(name);
      return writer.deliver(structuredClone(command));
    }

    async diagnose(name) {
      await this.#load(name);
      return [];
    }

    async repair(name) {
      await this.#load(name);
      return { findings: [], actions: [], backups: [] };
    }
  }

  class LogWriter {
    findings = [];
    #name;
    #handle;
    #release;
    #bytes;
    /** Lines that are not on the disk yet. */
    #lines = [];
    #writing = Promise.resolve();
    #failed = false;
    #closing = null;
    #commands = Promise.resolve();
    #setHandler;
    #handler = new Promise((resolve) => (this.#setHandler = resolve));

    constructor(name, { state, bytes }, handle, release) {
      this.#name = name;
      this.state = state;
      this.#bytes = bytes;
      this.#handle = handle;
      this.#release = release;
    }

    get revision() {
      return this.state.revision;
    }

    /** The state shows the events when this returns; what is returned resolves when they are on the disk. */
    append(...events) {
      try {
        if (this.#closing) throw tools.writerClosed(this.#name);
        if (this.#failed) throw failed(new Error("an earlier write failed"));
        this.state = events.reduce(tools.applyEvent, this.state);
        this.#lines.push(lineOf(events.map(tools.storedEvent)));
      } catch (error) {
        return Promise.reject(error);
      }
      return this.flush();
    }

    /** What several appends queue while the disk is busy goes to it together. */
    flush() {
      const written = this.#writing.then(() => this.#write());
      this.#writing = written.catch(() => undefined);
      return written;
    }

    async #write() {
      const count = this.#lines.length;
      const text = this.#lines.join("");
      if (count === 0) return;
      try {
        // At its place, so that what a failed write left there is written over.
        await this.#handle.write(text, this.#bytes, "latin1");
        await this.#handle.datasync();
      } catch (error) {
        this.#failed = true;
        throw failed(error);
      }
      this.#failed = false;
      this.#bytes += text.length;
      this.#lines.splice(0, count);
    }

    retry() {
      return this.flush();
    }

    receive(handler) {
      this.#setHandler(handler);
      this.#handler = Promise.resolve(handler);
      return async () => {
        this.#handler = Promise.resolve(null);
        await this.#commands;
      };
    }

    /** Runs one command after those before it; waits for a handler while there is none yet. */
    deliver(command) {
      const answer = this.#commands.then(async () => {
        const handler = await this.#handler;
        if (!handler) throw noOwner(this.#name);
        return structuredClone(await handler(command));
      });
      this.#commands = answer.catch(() => undefined);
      return answer;
    }

    close() {
      return (this.#closing ??= this.#end());
    }

    async #end() {
      this.#setHandler(null);
      this.#handler = Promise.resolve(null);
      await this.#commands;
      try {
        await this.flush();
      } finally {
        await this.#release();
      }
    }
  }

  function failed(error) {
    return new MlbenchError("storage-failed", `the study cannot be stored: ${error.message}`, { cause: error });
  }

  function noOwner(name) {
    return new MlbenchError("no-owner", `nobody is writing study "${name}" in this process`);
  }

  storages.register("log", {
    summary: "a file of events a study (example): log:FOLDER",
    parameters: z.strictObject({}),
  })((location, { directory }) => new LogStorage(resolve(directory, location.slice("log:".length))));
}
