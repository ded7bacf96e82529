/** Values that are there or promised. */

/** Whether a value is promised: by a promise of any making. */
export function isPromised<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/** Goes on with a value at once where it is there, and later where it is promised. */
export function whenReady<T, R>(value: T | PromiseLike<T>, use: (value: T) => R | Promise<R>): R | Promise<R> {
  return isPromised(value) ? Promise.resolve(value).then(use) : use(value);
}
