/** Values that are there or promised. */

/** Goes on with a value at once where it is there, and later where it is promised. */
export function whenReady<T, R>(value: T | Promise<T>, use: (value: T) => R | Promise<R>): R | Promise<R> {
  return value instanceof Promise ? value.then(use) : use(value);
}
