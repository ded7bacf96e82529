/** Downloads of datasets. */
export { NASA_ARCHIVE, downloadNasa } from "./download-nasa.js";
export type { DownloadedNasa, DownloadNasaOptions } from "./download-nasa.js";
export type { UnpackLimits } from "./unpack-archive.js";
