/** Freezing throughout. */

/** Freezes a value to its last part; what is frozen already is taken to be so throughout. */
export function freezeDeep(value: object): void {
  if (Object.isFrozen(value)) return;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item: unknown = value[i];
      if (typeof item === "object" && item !== null) freezeDeep(item);
    }
  } else
    for (const key in value) {
      const part = (value as Record<string, unknown>)[key];
      if (typeof part === "object" && part !== null) freezeDeep(part);
    }
  Object.freeze(value);
}
