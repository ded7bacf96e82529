// Reads from an ELF or a Mach-O file (64 bit, little endian) what a prebuilt file is checked for.
import { readFileSync } from "node:fs";

const elfMachines = { 62: "x64", 183: "arm64" };
const machMachines = { 0x01000007: "x64", 0x0100000c: "arm64" };

/**
 * What a shared library is: `exports`, the names that it defines; `wants`, those that something else must; `needs`, the
 * libraries that it names; `glibc`, the newest version of glibc that it asks for, null for none; `signed`, whether it
 * carries a code signature. Throws when it is neither ELF nor Mach-O.
 */
export function readBinary(file) {
  const bytes = readFileSync(file);
  const magic = bytes.length < 64 ? 0 : bytes.readUInt32LE(0);
  if (magic === 0x464c457f && bytes[4] === 2) return readElf(bytes);
  if (magic === 0xfeedfacf) return readMachO(bytes);
  throw new Error("it is neither a 64-bit ELF nor a 64-bit Mach-O file");
}

const textAt = (bytes, at) => bytes.toString("latin1", at, bytes.indexOf(0, at));
const long = (bytes, at) => Number(bytes.readBigUInt64LE(at));

function readElf(bytes) {
  const sections = Array.from({ length: bytes.readUInt16LE(60) }, (_, i) => {
    const at = long(bytes, 40) + i * bytes.readUInt16LE(58);
    return {
      type: bytes.readUInt32LE(at + 4),
      offset: long(bytes, at + 24),
      size: long(bytes, at + 32),
      link: bytes.readUInt32LE(at + 40),
    };
  });
  /** The entries of the section of a type, and its table of names. */
  const entries = (type, size) => {
    const section = sections.find((one) => one.type === type);
    if (!section) return { names: 0, all: [] };
    const all = Array.from({ length: section.size / size }, (_, i) => section.offset + i * size);
    return { names: sections[section.link].offset, all };
  };
  const dynamic = entries(6, 16);
  const needs = dynamic.all
    .filter((at) => long(bytes, at) === 1)
    .map((at) => textAt(bytes, dynamic.names + long(bytes, at + 8)));
  const symbols = entries(11, 24);
  const named = symbols.all.map((at) => ({
    name: textAt(bytes, symbols.names + bytes.readUInt32LE(at)),
    weak: bytes[at + 4] >> 4 === 2,
    defined: bytes.readUInt16LE(at + 6) !== 0,
  }));
  const versions = [...bytes.toString("latin1").matchAll(/GLIBC_(\d+)\.(\d+)/g)].map(([, a, b]) => [+a, +b]);
  const newest = versions.sort(([a, b], [c, d]) => a - c || b - d).at(-1);
  return {
    ...{ format: "elf", machine: elfMachines[bytes.readUInt16LE(18)] ?? "unknown", needs, signed: false },
    exports: named.filter(({ defined }) => defined).map(({ name }) => name),
    wants: named.filter(({ name, defined, weak }) => name !== "" && !defined && !weak).map(({ name }) => name),
    glibc: newest ? newest.join(".") : null,
  };
}

function readMachO(bytes) {
  const found = { needs: [], exports: [], wants: [], signed: false };
  let at = 32;
  for (let i = 0; i < bytes.readUInt32LE(16); i++, at += bytes.readUInt32LE(at + 4)) {
    const command = bytes.readUInt32LE(at);
    if (command === 0x0c) found.needs.push(textAt(bytes, at + bytes.readUInt32LE(at + 8)));
    if (command === 0x1d) found.signed = true;
    if (command !== 0x02) continue;
    const [symbols, count, names] = [8, 12, 16].map((field) => bytes.readUInt32LE(at + field));
    for (let s = symbols; s < symbols + count * 16; s += 16) {
      const [type, name] = [bytes[s + 4], textAt(bytes, names + bytes.readUInt32LE(s))];
      // Of the bits of the type 0xe0 is for debuggers, 1 is "external", 0x0e is "in a section", 0 of them "undefined".
      if (type & 0xe0 || !(type & 1)) continue;
      (type & 0x0e ? found.exports : found.wants).push(name.replace(/^_/, ""));
    }
  }
  return { format: "mach-o", machine: machMachines[bytes.readUInt32LE(4)] ?? "unknown", glibc: null, ...found };
}
