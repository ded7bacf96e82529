/** The `Range` header of a request for a file (RFC 9110, 14.2): one range, or the whole. */

/** Which bytes are asked for; both ends count. `whole`: all of them. `none`: there is no such range. */
export type AskedBytes = { readonly start: number; readonly end: number } | "whole" | "none";

/**
 * What of a file of so many bytes is asked for. Headers that are no ranges of bytes, and several ranges at once, are
 * passed over: the whole file answers them.
 */
export function askedBytes(header: string | undefined, size: number): AskedBytes {
  const [, first, last] = /^bytes=\s*(\d*)-(\d*)\s*$/.exec(header ?? "") ?? [];
  if (first === undefined || last === undefined || (first === "" && last === "")) return "whole";
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length === 0 ? "none" : { start: size - length, end: size - 1 };
  }
  const [start, end] = [Number(first), last === "" ? size - 1 : Math.min(Number(last), size - 1)];
  if (last !== "" && Number(last) < start) return "whole";
  return start >= size ? "none" : { start, end };
}
