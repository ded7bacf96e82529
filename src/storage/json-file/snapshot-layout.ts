/** What a snapshot's text is made of besides its values. */

/** Stands in the checksum's place while the checksum is taken. */
export const NO_CHECKSUM = "0".repeat(64);

/** Around the checksums of all lines before, 8 digits each, at the end of the file. */
export const TRAILER_START = '"line_checksums": "';
export const TRAILER_END = '"\n}\n';
