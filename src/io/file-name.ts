/** Names from data, such as cells', as parts of files' names. */
import { createHash } from "node:crypto";

/** Longer ones do not fit beside the rest of a name: file systems take 255 bytes. */
const LONGEST_BYTES = 120;

/** What some file system has another meaning for, and the sign that stands for it. */
const unfit = /[<>:"/\\|?*%\p{C}]/gu;

function percent(character: string): string {
  return [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
}

/**
 * A text in characters that every file system takes between two dots of a file's name; different texts stay different.
 * `B0005` stays as it is, `rack 1/B` becomes `rack 1%2FB`, and a very long one ends in a hash.
 */
export function fileNamePart(text: string): string {
  const part = text.replace(unfit, percent);
  if (Buffer.byteLength(part) <= LONGEST_BYTES) return part;
  const start = Buffer.from(part)
    .subarray(0, LONGEST_BYTES - 20)
    .toString("utf8")
    .replace(/\ufffd+$/, "");
  return `${start}~${createHash("sha256").update(text).digest("hex").slice(0, 16)}`;
}
