/** A study's columns as they are sent: whole, kept while nothing changes, or what changed since a revision. */
import { setImmediate } from "node:timers/promises";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import type { SearchSpace, StudyState, Trial } from "../../core/index.js";
import type { StudyView } from "../../host/host.js";
import { packedOf, partOf } from "./packed.js";
import type { Part } from "./packed.js";
import { blockColumns, Dictionaries, repeated } from "./cells.js";
import type { BlockSource, Column } from "./cells.js";
import { blockOf, nullsText, rowPieces } from "./rows.js";
import type { RowBlock } from "./rows.js";

/** Rows a block: what is made anew when one of them changes. */
const BLOCK = 8192;
/** Milliseconds that one turn of the event loop may take. */
const TURN = 5;
/** Texts of one cell again and again that are kept compressed. */
const MOST_REPEATED = 64;
/** More bytes than this are worth compressing. */
const SMALL = 1024;

const compress = promisify(gzip);
const unpack = promisify(gunzip);

/** An answer's body as it is sent. */
export interface ColumnsBody {
  readonly revision: number;
  readonly etag: string;
  /** As it is: unpacked again for the few who ask for that. */
  readonly plain: () => Promise<Buffer>;
  /** Null where it is too small for that. */
  readonly gzipped: Buffer | null;
}

/** A block as it is kept: right as long as its records and what is said of them are the same objects. */
interface KeptBlock {
  readonly trials: readonly Trial[];
  readonly annotations: readonly unknown[];
  readonly block: RowBlock<Part>;
}

/** Every parameter there is: those declared, then those that trials suggested, by the trials' numbers. */
export function parametersOf({ header, trials }: Pick<StudyState, "header" | "trials">): SearchSpace {
  const all = new Map(Object.entries(header.space));
  for (const { distributions } of trials)
    if (distributions)
      for (const [name, distribution] of Object.entries(distributions)) if (!all.has(name)) all.set(name, distribution);
  return Object.fromEntries(all);
}

/** What tells a state of a study from every other, also from one of a study of that name made later. */
export function etagOf({ header, revision }: StudyState): string {
  return `"${revision}-${Date.parse(header.created_at).toString(36)}"`;
}

/** Gives the event loop a turn whenever the last one has lasted. */
class Turns {
  #start = performance.now();

  async next(): Promise<void> {
    if (performance.now() - this.#start < TURN) return;
    await setImmediate();
    this.#start = performance.now();
  }
}

/** The columns of one study. Of several requests for the same state one is worked on. */
export class StudyColumns {
  #texts = new Dictionaries();
  #blocks: KeptBlock[] = [];
  readonly #repeated = new Map<string, Part>();
  readonly #block: number;
  #header: StudyState["header"] | null = null;
  #whole: ColumnsBody | null = null;
  #underWay: { readonly revision: number; readonly body: Promise<ColumnsBody> } | null = null;

  /** Blocks made so far. */
  blocksMade = 0;

  /** @param block rows that are made together, and anew when one of them changes */
  constructor(block = BLOCK) {
    this.#block = block;
  }

  /** All trials. */
  async whole(view: StudyView): Promise<ColumnsBody> {
    for (;;) {
      const { state } = view;
      if (this.#whole?.etag === etagOf(state)) return this.#whole;
      if (!this.#underWay) {
        const body = this.#make(state).finally(() => (this.#underWay = null));
        this.#underWay = { revision: state.revision, body };
        return await body;
      }
      const { revision, body } = this.#underWay;
      const made = await body;
      if (revision === state.revision) return made;
    }
  }

  /** The trials that something happened to after a revision; all, where that is not known. */
  async since(view: StudyView, revision: number): Promise<ColumnsBody> {
    const { state } = view;
    const numbers = revision > state.revision ? null : view.changedSince(revision);
    if (numbers === null) return await this.whole(view);
    const shared = { objectives: state.header.objectives.length, texts: new Dictionaries(), nullsOf: nullsText };
    const turns = new Turns();
    const blocks: RowBlock[] = [];
    for (let from = 0; from < numbers.length || from === 0; from += BLOCK) {
      const trials = numbers.slice(from, from + BLOCK).flatMap((number) => state.trial(number) ?? []);
      blocks.push(await made({ ...shared, trials, annotations: state.annotations }, turns, ({ text }) => text));
    }
    const plain = Buffer.from([headText(state, false), ...rowPieces(blocks, shared), "}"].join(""));
    const gzipped = plain.length < SMALL ? null : await compress(plain, { level: 1 });
    return { revision: state.revision, etag: etagOf(state), plain: async () => plain, gzipped };
  }

  async #make(state: StudyState): Promise<ColumnsBody> {
    const { header, annotations, trials } = state;
    if (header.created_at !== this.#header?.created_at || header.objectives !== this.#header.objectives) this.#forget();
    this.#header = header;
    const shared = { objectives: header.objectives.length, texts: this.#texts };
    const turns = new Turns();
    const blocks: RowBlock<Part>[] = [];
    for (let from = 0; from < trials.length || from === 0; from += this.#block) {
      const own = trials.slice(from, from + this.#block);
      const said = annotations.size === 0 ? [] : own.map(({ number }) => annotations.get(number));
      const place = from / this.#block;
      const kept = this.#blocks[place];
      const isSame = kept !== undefined && same(kept.trials, own) && same(kept.annotations, said);
      const block = isSame
        ? kept.block
        : await made({ ...shared, trials: own, annotations }, turns, (column) => this.#partOf(column));
      if (!isSame) {
        this.#blocks[place] = { trials: own, annotations: said, block };
        this.blocksMade += 1;
      }
      blocks.push(block);
    }
    this.#blocks.length = blocks.length;
    const pieces = rowPieces(blocks, { ...shared, nullsOf: (rows) => this.#partOf(repeated("null", rows)) });
    const packed = await packedOf(framed(headText(state, true), pieces), () => turns.next());
    const { gzipped, length } = packed;
    this.#whole = {
      ...{ revision: state.revision, etag: etagOf(state), plain: () => unpack(gzipped) },
      gzipped: length < SMALL ? null : gzipped,
    };
    return this.#whole;
  }

  /** Many columns say the same of all rows: they are compressed once. */
  #partOf({ text, repeats }: Pick<Column, "text" | "repeats">): Part {
    if (repeats === null) return partOf(text);
    let part = this.#repeated.get(repeats);
    if (!part) {
      if (this.#repeated.size >= MOST_REPEATED) this.#repeated.clear();
      this.#repeated.set(repeats, (part = partOf(text)));
    }
    return part;
  }

  #forget(): void {
    [this.#texts, this.#blocks, this.#whole] = [new Dictionaries(), [], null];
  }
}

function same(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((one, i) => one === b[i]);
}

/** A block, made in turns of the event loop: a column of it takes a millisecond or two. */
async function made<T>(source: BlockSource, turns: Turns, as: (column: Column) => T): Promise<RowBlock<T>> {
  const columns = new Map<string, T>();
  for (const column of blockColumns(source)) {
    if (column) columns.set(column.name, as(column));
    await turns.next();
  }
  return blockOf(source, columns);
}

/** The answer up to its rows. */
function headText(state: StudyState, reset: boolean): string {
  const { revision, size, header } = state;
  const { created_at, objectives } = header;
  const head = JSON.stringify({ revision, reset, size, created_at, objectives, parameters: parametersOf(state) });
  return `${head.slice(0, -1)},"rows":`;
}

function* framed<T>(head: string, rows: Iterable<T>): Generator<string | T> {
  yield head;
  yield* rows;
  yield "}";
}
