/** Every limit of the sources of jobs, with its unit and its reason. */

/** Bytes of the uploaded files of all jobs by default: ten thousand photographs of 5 MB. */
export const DEFAULT_UPLOAD_BYTES = 50_000_000_000;

/** Milliseconds without a byte after which an unfinished upload is removed. */
export const UPLOAD_EXPIRY_MS = 86_400_000;

/**
 * Characters of a record of a table, and of a line of a list. Without a limit, a quotation mark that is not closed
 * takes the rest of the table into memory.
 */
export const MAX_RECORD_CHARACTERS = 1_000_000;

/**
 * Bytes of a IIIF manifest, collection or `info.json`: a manifest of 40,000 canvases. Parsing it blocks the event loop
 * for a second.
 */
export const MAX_IIIF_DOCUMENT_BYTES = 32_000_000;

/** Documents of a IIIF collection, and collections inside collections: more than any library publishes. */
export const MAX_IIIF_DOCUMENTS = 200_000;
export const MAX_IIIF_DEPTH = 8;

/**
 * Pixels of the longer side of an image that is asked of a IIIF server: six tiles of 384 pixels, the largest grid of
 * the published models.
 */
export const IIIF_IMAGE_SIDE = 2_304;

/** Bytes of an identifier in UTF-8. An index of Postgres holds 2,704 bytes per row, with the id of the job. */
export const MAX_IDENTIFIER_BYTES = 2_048;

/**
 * Milliseconds for the file of an item at a URL: connection, headers, body, and the window in which the body delivers
 * MIN_RESPONSE_WINDOW_BYTES. Image servers compute sizes for tens of seconds, and a clip of 2 GB takes half an hour at
 * 1.1 MB/s. The lease of the item is renewed meanwhile.
 */
export const ITEM_FETCH_TIMES = {
  connectMs: 10_000,
  headersMs: 60_000,
  bodyMs: 1_800_000,
  windowMs: 30_000,
} as const;
