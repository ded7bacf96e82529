/** How a program names a storage, or a study in it. */
import { UsageError } from "../core/index.js";
import type { KnownKeys } from "../core/index.js";
import { requireKnownKeys } from "../core/index.js";
import type { StudyStorage } from "../storage/storage.js";
import type { Study } from "../study/study.js";
import type { StorageLocation } from "./storage.js";
import { openStorage } from "./storage.js";

/** Where a storage is. */
export interface StorageAddress {
  readonly storage: StorageLocation;
  /** Where a relative folder starts. @default the current folder */
  readonly directory?: string | undefined;
}

/** A study, by its name in a storage. */
export interface StudyAddress extends StorageAddress {
  readonly name: string;
}

/** A study that is read: an open one, or one by its address. */
export type StudyTarget = Study | StudyAddress;

/** A study's storage and its name there. */
export interface LocatedStudy {
  readonly storage: StudyStorage;
  readonly name: string;
}

export const storageKeys: KnownKeys<StorageAddress> = { storage: true, directory: true };
export const addressKeys: KnownKeys<StudyAddress> = { name: true, ...storageKeys };

const storages = new WeakMap<object, StudyStorage>();

/** Keeps in mind where an open study is stored. */
export function rememberStorage(study: Study, storage: StudyStorage): void {
  storages.set(study, storage);
}

/** @throws UsageError `invalid-option` for an address that lacks something. */
export function requireAddress(where: string, address: StudyAddress, wanted = "{ name, storage }"): void {
  const { name, storage } = address as Partial<StudyAddress>;
  if (typeof name === "string" && storage !== undefined) return;
  throw new UsageError("invalid-option", `${where}: expected ${wanted}`);
}

/**
 * The storage of a study.
 * @param where the function that was called, for messages
 * @throws UsageError `unknown-option`, `invalid-storage`.
 */
export async function locate(where: string, target: StudyTarget): Promise<LocatedStudy> {
  const known = storages.get(target);
  if (known) return { storage: known, name: target.name };
  requireKnownKeys(where, target, addressKeys);
  const { storage, name, directory } = target as StudyAddress;
  requireAddress(where, target as StudyAddress, "a study, or { name, storage }");
  return { storage: await openStorage(storage, directory), name };
}
