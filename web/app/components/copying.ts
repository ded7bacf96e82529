/** Text to the clipboard, and bytes to a file of the reader's. */
import { announce } from "./announce.js";

/** Copies; a browser that refuses is told of. */
export async function copyText(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    announce("Copied");
  } catch {
    // Without TLS beyond loopback browsers have no clipboard.
    announce("This browser does not let the page copy: select the text and copy it yourself", "problem");
  }
}

/** Hands the reader a file. */
export function saveFile(name: string, content: string | Blob, type: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name.replace(/[^\p{L}\p{N}._-]+/gu, "-");
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
