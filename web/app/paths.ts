/** Where the page and the service's interface are: below the folder that the scripts came from, so that a prefix does no harm. */

/** The path of the dashboard's root, with its last slash: `/`, or the prefix that a proxy adds. */
export const basePath: string = new URL("../", import.meta.url).pathname;

/** The URL of a file beside this script. */
export const assetUrl = (name: string): string => new URL(name, import.meta.url).href;

/** The URL of a resource of the interface; `path` begins with a slash. */
export const apiUrl = (path: string): string => `${basePath}api/v1${path}`;

/** A path of the interface or the page from its parts, each escaped. */
export const pathOf = (...parts: readonly (string | number)[]): string =>
  parts.map((part) => `/${encodeURIComponent(part)}`).join("");
