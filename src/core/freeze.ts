/** Freezing throughout. */

/** Freezes a value to its last part; what is frozen already is taken to be so throughout. */
export function freezeDeep(value: object): void {
  if (Object.isFrozen(value)) return;
  for (const part of Object.values(value)) if (typeof part === "object" && part !== null) freezeDeep(part as object);
  Object.freeze(value);
}
