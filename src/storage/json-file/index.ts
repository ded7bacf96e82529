/** Studies as JSON files. */
export { JsonFileStorage } from "./json-file-storage.js";
export type { JsonFileStorageOptions } from "./json-file-storage.js";
export { requireFolder } from "./study-folder.js";
export { realFileSystem } from "./file-system.js";
export type { FileStatus, FileSystem } from "./file-system.js";
