/** MATLAB's char arrays, read from an element. */
import { mi } from "./element-reader.js";
import type { Element, ElementReader } from "./element-reader.js";
import type { MatChar } from "./mat-array.js";

/** The cost of a string beside its characters, bytes. */
const ROW_COST = 64;

const replacement = "\ufffd";

function ascii(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte < 128 ? String.fromCharCode(byte) : replacement;
  return text;
}

function utf16(bytes: Uint8Array, littleEndian: boolean): string {
  const ordered = Uint8Array.from(bytes);
  if (!littleEndian) for (let i = 0; i + 2 <= ordered.length; i += 2) ordered.subarray(i, i + 2).reverse();
  return new TextDecoder("utf-16le", { ignoreBOM: true }).decode(ordered);
}

function utf32(bytes: Uint8Array, littleEndian: boolean): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let text = "";
  for (let i = 0; i + 4 <= bytes.length; i += 4) {
    const point = view.getUint32(i, littleEndian);
    const valid = point <= 0x10ffff && !(point >= 0xd800 && point < 0xe000);
    text += valid ? String.fromCodePoint(point) : replacement;
  }
  return bytes.length % 4 === 0 ? text : text + replacement;
}

/** Undecodable bytes become U+FFFD, as in SciPy; uint16 is UTF-16 (SciPy's default keeps the low bytes alone). */
function decode(reader: ElementReader, element: Element, at: number): string {
  const bytes = reader.bytes.subarray(element.start, element.start + element.length);
  switch (element.type) {
    case mi.int8:
    case mi.uint8:
      return ascii(bytes);
    case mi.utf8:
      return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
    case mi.uint16:
    case mi.utf16:
      return utf16(bytes, reader.littleEndian);
    case mi.utf32:
      return utf32(bytes, reader.littleEndian);
    default:
      throw reader.fail("mat-malformed", `the text of a char array has storage type ${element.type}`, at);
  }
}

/**
 * One entry a character. Dimensions count code points (SciPy) or, where that leaves too few, UTF-16 code units (MATLAB).
 */
function characters(reader: ElementReader, text: string, count: number, at: number): readonly string[] {
  const points = [...text];
  if (points.length >= count) return points;
  if (text.length >= count) return text.split("");
  throw reader.fail(
    "mat-malformed",
    `a char array has ${points.length} characters where its dimensions say ${count}`,
    at,
  );
}

/** The next element as a char array of `dims`; `count` is their product. */
export function chars(reader: ElementReader, dims: readonly number[], count: number): MatChar {
  const at = reader.offset;
  const element = reader.element("the text of a char array");
  const columns = dims.at(-1) ?? 1;
  const rowCount = dims.slice(0, -1).reduce((product, n) => product * n, 1);
  // A text of no bytes may claim any size (it reads as blanks), and any number of empty rows: paid for here.
  reader.spend(rowCount * ROW_COST + element.length * 16 + count * 16);
  const text = element.length === 0 ? "" : decode(reader, element, at);
  const cells = element.length === 0 ? null : characters(reader, text, count, at);
  const rows = Array.from({ length: rowCount }, (_, row) => {
    if (cells === null) return " ".repeat(columns);
    let line = "";
    for (let column = 0; column < columns; column++) line += cells[row + column * rowCount] as string;
    return line;
  });
  return { class: "char", dims, rows };
}
