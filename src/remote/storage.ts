/** The storage contract over a service: what is read comes from its API, commands go there, nothing is opened here. */
import { Readable } from "node:stream";
import { MlbenchError, UsageError } from "../core/index.js";
import type { StudyState, Trial } from "../core/index.js";
import type { StudyEntry, StudyList } from "../service/schemas/studies.js";
import type { JournalFrame, StudyDocument } from "../service/schemas/document.js";
import type { TrialDetail } from "../service/schemas/trials.js";
import { readJson } from "../core/plain-json.js";
import { toDocument } from "../storage/json-file/study-document.js";
import type {
  ArtifactStore,
  ByteRange,
  FollowOptions,
  LockOwner,
  StorageFinding,
  StudyChange,
  StudyInspection,
  StudyStorage,
  StudySummary,
  SummariesOptions,
  SummaryEntry,
} from "../storage/storage.js";
import { sendCommand } from "./commands.js";
import { part, ServiceClient } from "./client.js";
import type { ServerAddress } from "./address.js";
import { parseServer, tokenOfEnvironment } from "./address.js";

/** The form of a study's file that this version reads. */
const SCHEMA_VERSION = 2;

/** The studies of a service. */
export class RemoteStorage implements StudyStorage {
  readonly client: ServiceClient;
  readonly service: { readonly url: string };

  constructor(address: ServerAddress) {
    this.client = new ServiceClient(address);
    this.service = { url: address.url };
  }

  create(): Promise<never> {
    return Promise.reject(this.#cannot("a study is not stored there as a header"));
  }

  openWriter(name: string): Promise<never> {
    return Promise.reject(this.#cannot(`study "${name}" is written by the service alone`));
  }

  async read(name: string): Promise<StudyState> {
    const given = await this.client.json<StudyDocument>(`/studies/${part(name)}/document`);
    return this.#stateOf(given);
  }

  #stateOf(document: Readonly<Record<string, unknown>>): StudyState {
    const { schema_version: version, trials = [] } = document;
    if (typeof version === "number" && version > SCHEMA_VERSION)
      throw new MlbenchError(
        "study-too-new",
        `the service at ${this.service.url} has the study in a form that this version of mlbench-hpo does not know: update this one`,
      );
    try {
      return toDocument(document, trials as readonly Trial[]).state;
    } catch (error) {
      throw new MlbenchError("not-a-service", `${this.service.url} answers with what is no study`, { cause: error });
    }
  }

  async inspect(name: string): Promise<StudyInspection> {
    const [state, owner] = await Promise.all([this.read(name), this.ownerOf(name)]);
    return { state, findings: [], owner };
  }

  async exists(name: string): Promise<boolean> {
    try {
      await this.#entry(name);
      return true;
    } catch (error) {
      if (error instanceof MlbenchError && (error.code === "unknown-study" || error.code === "invalid-study-name"))
        return false;
      // It is there, and cannot be read.
      if (error instanceof MlbenchError && error.code.startsWith("study-")) return true;
      throw error;
    }
  }

  #entry(name: string): Promise<StudyEntry> {
    return this.client.json<StudyEntry>(`/studies/${part(name)}`);
  }

  async list(): Promise<string[]> {
    const { studies, unread } = await this.client.json<StudyList>("/studies");
    return [...studies, ...unread].map(({ name }) => name).sort();
  }

  async summary(name: string): Promise<StudySummary> {
    return this.#summaryOf(await this.#entry(name));
  }

  async summaries({ names, known }: SummariesOptions = {}): Promise<SummaryEntry[]> {
    const { studies, unread } = await this.client.json<StudyList>("/studies");
    const read = studies.map((entry): SummaryEntry => {
      const summary = known?.(entry.name) ?? this.#summaryOf(entry);
      return { name: entry.name, location: summary.location, summary, error: null };
    });
    const failed = unread.map(({ name, code, message }): SummaryEntry => {
      return { name, location: this.location(name), summary: null, error: new MlbenchError(code, message) };
    });
    const wanted = names && new Set(names);
    return [...read, ...failed]
      .filter(({ name }) => wanted?.has(name) ?? true)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  #summaryOf(entry: StudyEntry): StudySummary {
    const { owner, state: _state, rate: _rate, sparkline: _sparkline, run: _run, ...summary } = entry;
    return {
      ...(summary as unknown as Omit<StudySummary, "owner" | "location" | "run" | "user_attrs">),
      user_attrs: {},
      run: null,
      owner: this.#ownerIn(owner),
      location: this.location(entry.name),
    };
  }

  #ownerIn(owner: StudyEntry["owner"]): LockOwner | null {
    if (!owner) return null;
    const { pid, host, since, work, here } = owner;
    return {
      ...(pid === null ? {} : { pid }),
      ...(host === null ? {} : { host }),
      since,
      ...(here ? { url: this.service.url } : {}),
      ...(work === null ? {} : { work }),
    };
  }

  async *follow(name: string, fromRevision: number, { signal }: FollowOptions = {}): AsyncGenerator<StudyChange> {
    let revision = fromRevision;
    const path = `/studies/${part(name)}/journal`;
    for await (const { event, data } of this.client.events(path, { lastId: () => revision, signal })) {
      if (event === "gone") {
        const { code, message } = JSON.parse(data) as { code: string; message: string };
        throw new MlbenchError(code, message);
      }
      const events = event === "events" ? (readJson(data) as JournalFrame).events : [];
      const missed = event === "reset" || (events[0] !== undefined && events[0][0] > revision + 1);
      if (missed) {
        const state = await this.read(name);
        revision = state.revision;
        yield { reset: true, revision, state };
      }
      for (const [number, happened] of events) {
        if (number !== revision + 1) continue;
        revision = number;
        yield { revision, event: happened as never };
      }
    }
  }

  async delete(name: string): Promise<void> {
    await this.client.json(`/studies/${part(name)}`, { method: "DELETE", body: { confirm: name } });
  }

  identity(name: string): string {
    return this.location(name);
  }

  location(name: string): string {
    return `${this.service.url}/studies/${part(name)}`;
  }

  baseDirectory(): never {
    throw this.#cannot("this takes the study's files and data");
  }

  artifacts(name: string): ArtifactStore {
    return new RemoteArtifacts(this.client, name, () => this.#cannot("a trial's folder is there"));
  }

  async ownerOf(name: string): Promise<LockOwner | null> {
    return this.#ownerIn((await this.#entry(name)).owner);
  }

  send(name: string, command: unknown): Promise<unknown> {
    return sendCommand(this.client, name, command as never);
  }

  diagnose(): Promise<StorageFinding[]> {
    return Promise.reject(this.#cannot("files are looked at where they are"));
  }

  repair(): Promise<never> {
    return Promise.reject(this.#cannot("files are mended where they are"));
  }

  #cannot(why: string): UsageError {
    return new UsageError(
      "not-remote",
      `not by the service at ${this.service.url}: ${why}; do it on its machine, with --storage DIR`,
    );
  }
}

/** What a study's trials have left, fetched when it is read. */
class RemoteArtifacts implements ArtifactStore {
  readonly #client: ServiceClient;
  readonly #study: string;
  readonly #cannot: () => UsageError;

  constructor(client: ServiceClient, study: string, cannot: () => UsageError) {
    [this.#client, this.#study, this.#cannot] = [client, study, cannot];
  }

  directory(): never {
    throw this.#cannot();
  }

  async list(trial: number): Promise<readonly string[]> {
    const { files } = await this.#client.json<TrialDetail>(`/studies/${part(this.#study)}/trials/${trial}`);
    return files.map(({ name }) => name).sort();
  }

  async read(trial: number, name: string, { start, end }: ByteRange = {}): Promise<Readable | null> {
    const range = start === undefined && end === undefined ? {} : { range: `bytes=${start ?? 0}-${end ?? ""}` };
    try {
      const answer = await this.#client.open(`/studies/${part(this.#study)}/trials/${trial}/files/${part(name)}`, {
        headers: { accept: "*/*", ...range },
      });
      return answer.body ? Readable.fromWeb(answer.body as never) : Readable.from([]);
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === "no-file") return null;
      // It has no more bytes than were read before.
      if (code === "invalid-range") return Readable.from([]);
      throw error;
    }
  }

  write(): Promise<never> {
    return Promise.reject(this.#cannot());
  }

  remove(): Promise<never> {
    return Promise.reject(this.#cannot());
  }
}

/**
 * The storage at a service's URL, with the token in its fragment or in `MLBENCH_HPO_TOKEN`.
 * @throws UsageError `invalid-server`, `invalid-token`.
 */
export function openRemoteStorage(location: string): RemoteStorage {
  const address = parseServer(location, "storage");
  return new RemoteStorage({ ...address, token: address.token ?? tokenOfEnvironment() });
}
