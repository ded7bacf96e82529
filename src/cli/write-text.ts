/** Writes and waits where the reader is slower than we are; a reader that went away is no error. */
export async function writeText(stream: NodeJS.WritableStream, text: string): Promise<void> {
  if (!stream.writable || stream.write(text)) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      for (const event of events) stream.off(event, done);
      resolve();
    };
    const events = ["drain", "close", "error"] as const;
    for (const event of events) stream.on(event, done);
  });
}
