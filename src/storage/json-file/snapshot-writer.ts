/** Writing a snapshot piece by piece. */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

import type { Trial } from "../../core/index.js";
import { withoutValue } from "../../core/index.js";
import { currentForm } from "../migrations/index.js";
import type { Form, Raw } from "../migrations/index.js";
import { lastRecordedActivity, trialsInBrief } from "../study-summary.js";
import { failPoint, isFailPoint, die } from "./fail-point.js";
import { openNew, writeFully } from "./file-system.js";
import type { FileSystem } from "./file-system.js";
import { hexOf } from "./journal-line.js";
import { isLong, jsonPieces, SLICE, writeJson } from "../../core/plain-json.js";
import { NO_CHECKSUM, TRAILER_END, TRAILER_START } from "./snapshot-layout.js";
import type { RecordTexts } from "./record-texts.js";
import { FORMAT } from "./study-document.js";
import type { StudyDocument } from "./study-document.js";

const CHUNK = 1 << 18;

const NEWLINE = "\n";

/** A snapshot's top-level keys in their order, but for the trials. */
function headOf({ revision, state, extra, lastActivity }: StudyDocument, form: Form): Raw {
  const top = { format: FORMAT, schema_version: form.version, checksum: NO_CHECKSUM, revision };
  const annotations = Object.fromEntries(state.annotations);
  if (form !== currentForm) return form.header({ ...top, ...state.header, annotations, ...extra });
  const summary = { ...trialsInBrief(state), last_activity_at: lastActivity ?? lastRecordedActivity(state) };
  return { ...top, summary, ...state.header, annotations, ...extra };
}

/** A record's text and `end`, in pieces where it holds very many reports. */
function* trialPieces(trial: Trial, form: Form, end: string, texts: RecordTexts | undefined): Generator<string> {
  const text = form === currentForm ? texts?.of(trial) : undefined;
  if (text !== undefined) {
    yield text + end;
    return;
  }
  const long = trial.intermediate.length > SLICE || isLong(trial.attempts) || isLong(trial.user_attrs);
  if (!long && form === currentForm) yield recordText(trial) + end;
  else {
    yield* jsonPieces(form.trial(withoutValue(trial) as unknown as Raw));
    yield end;
  }
}

function recordText(trial: Trial): string {
  return withoutDerivedValue(writeJson(trial)) ?? writeJson(withoutValue(trial));
}

/** A record's text up to its derived value, and that. */
const valueAtStart =
  /^(\{"number":\d+,"state":"[a-z]+","values":(?:null|\[[^\]]*\])),"value":(?:null|[-+.\w]+|"-?\w+"),/;

/** Takes the derived value out of a record's text, which costs less than a copy of the record; null where it is elsewhere. */
function withoutDerivedValue(text: string): string | null {
  const start = valueAtStart.exec(text);
  if (start) return `${start[1]},${text.slice(start[0].length)}`;
  return text.includes('"value":') ? null : text;
}

/**
 * A snapshot's text in pieces, each line's end a piece of its own. One trial a line, so that it can be read and mended
 * line by line; a trial of very many reports comes in several pieces.
 */
function* snapshotPieces(document: StudyDocument, form: Form): Generator<string> {
  const { state, texts } = document;
  yield* ["{", NEWLINE];
  for (const [key, value] of Object.entries(headOf(document, form)))
    if (value !== undefined) yield* [`${JSON.stringify(key)}: ${writeJson(value)},`, NEWLINE];
  yield* ['"trials": [', NEWLINE];
  for (let number = 0; number < state.size; number++) {
    yield* trialPieces(state.trial(number) as Trial, form, number + 1 < state.size ? "," : "", texts);
    yield NEWLINE;
  }
  yield* ["],", NEWLINE];
}

/**
 * Streams a snapshot into a file in pieces, giving way to other work between them, and makes it durable.
 * @param form the present version's, or that of the version that the study came from.
 * @returns its size in bytes.
 */
export async function writeSnapshot(
  system: FileSystem,
  path: string,
  document: StudyDocument,
  form: Form = currentForm,
): Promise<number> {
  const fd = await openNew(system, path, "wx");
  try {
    const file = new SnapshotFile(system, fd);
    const sums: string[] = [];
    let sum = 0;
    for (const text of snapshotPieces(document, form)) {
      if (text === NEWLINE) {
        sums.push(hexOf(sum));
        sum = 0;
      } else sum = crc32(text, sum);
      if (file.add(text)) await file.put();
    }
    file.add(TRAILER_START + sums.join("") + TRAILER_END);
    await file.finish();
    await system.datasync(fd);
    failPoint("fold-written");
    return file.bytes;
  } finally {
    await system.close(fd);
  }
}

/** The file being written, with the checksum over all of it. */
class SnapshotFile {
  readonly #system: FileSystem;
  readonly #fd: number;
  readonly #hash = createHash("sha256");
  #pieces: string[] = [];
  #length = 0;
  #checksumAt = -1;
  bytes = 0;

  constructor(system: FileSystem, fd: number) {
    this.#system = system;
    this.#fd = fd;
  }

  /** Takes more text; true when it is time to {@link SnapshotFile.put} it. */
  add(text: string): boolean {
    this.#pieces.push(text);
    this.#length += text.length;
    return this.#length >= CHUNK;
  }

  async put(): Promise<void> {
    const bytes = Buffer.from(this.#pieces.join(""));
    this.#pieces = [];
    this.#length = 0;
    if (this.#checksumAt === -1) this.#checksumAt = bytes.indexOf(NO_CHECKSUM);
    this.#hash.update(bytes);
    if (isFailPoint("fold-write")) {
      await writeFully(this.#system, this.#fd, bytes.subarray(0, bytes.length >> 1), this.bytes);
      die();
    }
    await writeFully(this.#system, this.#fd, bytes, this.bytes);
    this.bytes += bytes.length;
  }

  async finish(): Promise<void> {
    await this.put();
    await writeFully(this.#system, this.#fd, Buffer.from(this.#hash.digest("hex")), this.#checksumAt);
  }
}
