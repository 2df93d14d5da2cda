/** Every limit of stored files and batches, with its unit and its reason. */

import { MAX_JSON_BYTES } from './limits.js';

/** Bytes of a stored file of OpenAI's API, and of one with the requests of a batch: OpenAI's limits. */
export const MAX_STORED_FILE_BYTES = 512_000_000;
export const MAX_BATCH_FILE_BYTES = 200_000_000;

/** Requests of a batch: OpenAI's limit. */
export const MAX_BATCH_LINES = 50_000;

/** Bytes of a line of a batch, which is parsed as a whole like a JSON body. */
export const MAX_BATCH_LINE_BYTES = MAX_JSON_BYTES;

/** Characters of a `custom_id`. With 4 bytes each, it fits the index of identifiers. */
export const MAX_CUSTOM_ID_CHARACTERS = 512;

/** Pairs of the `metadata` of a batch, and characters of their names and values: OpenAI's limits. */
export const MAX_METADATA_PAIRS = 16;
export const MAX_METADATA_NAME = 64;
export const MAX_METADATA_VALUE = 512;

/** Seconds until a stored file expires: what a client may set, and the default of the files of batches. */
export const MIN_FILE_SECONDS = 3_600;
export const MAX_FILE_SECONDS = 2_592_000;

/** Hours of a `completion_window`: OpenAI's only value, and the lifetime of the input file. */
export const MIN_WINDOW_HOURS = 24;
export const MAX_WINDOW_HOURS = 720;
