import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

export const fixtures = fileURLToPath(new URL("../../../fixtures/matlab/", import.meta.url));

export async function fixtureJson<T>(name: string): Promise<T> {
  return JSON.parse(await readFile(`${fixtures}${name}`, "utf8")) as T;
}

export async function fixtureBytes(name: string): Promise<Buffer> {
  return readFile(`${fixtures}${name}`);
}
