/** Every limit of the product, with its reason. */

/** Pixels of a picture: above any camera in common use; decoded it takes 150 MB as RGB. */
export const MAX_IMAGE_PIXELS = 50_000_000;

/**
 * Pixels of an AVIF: its decoder holds whole frames, so that a file of 1 kB with 49 million pixels took 0.92 GB.
 * At this limit it takes 0.5 GB, and pictures of 24-megapixel cameras still pass.
 */
export const MAX_AVIF_PIXELS = 25_000_000;

/** Pixels along one side: what the decoders agree on, and no panorama needs more for a few tiles. */
export const MAX_IMAGE_SIDE = 32_768;

/** Channels of a picture: CMYK with transparency has five. More is scientific data, and memory grows with each. */
export const MAX_IMAGE_CHANNELS = 5;

/**
 * Tiles of one run of the vision graph. A run cannot be interrupted and a large tile takes seconds; attention
 * scores take 34 MB a tile (16 heads over 729 patches). Larger batches gain nothing once every core is busy.
 */
export const MAX_TILES_PER_RUN = 4;

/** Bytes of an uploaded picture: a full-size JPEG of any current camera, with room. */
export const MAX_UPLOAD_BYTES = 25_000_000;

/** Bytes of a JSON body: parsing 33 MB blocks the event loop for 0.1 s, and larger pictures have multipart. */
export const MAX_JSON_BYTES = 12_000_000;

/** Bytes of a picture inside JSON, after base64: what fits MAX_JSON_BYTES with room for the rest. */
export const MAX_BASE64_IMAGE_BYTES = 8_000_000;

/** Objects, lists and values in a JSON body: the largest honest request has under 200. */
export const MAX_JSON_NODES = 1_000;

/** Levels of a JSON body: the deepest honest request has three, and recursion must not exhaust the stack. */
export const MAX_JSON_DEPTH = 8;

/** UTF-8 bytes of one question: more than any context takes, and quick to tokenise. */
export const MAX_PROMPT_BYTES = 32_768;

/** Questions about one picture in one request: they are answered one after another within one deadline. */
export const MAX_QUESTIONS = 32;

/** Text fields of a form; the API knows fourteen, and `languages` may repeat for each of the 35. */
export const MAX_FORM_FIELDS = 64;

/** UTF-8 bytes of one form field: a question and its quoting. */
export const MAX_FORM_FIELD_BYTES = 65_536;

/** Bytes of a form field's name. */
export const MAX_FIELD_NAME_BYTES = 100;

/** Header lines of one part of a form: browsers send two. */
export const MAX_PART_HEADERS = 20;

/** Tokens of one answer: a page of text; the context of the model bounds it too. */
export const MAX_ANSWER_TOKENS = 4_096;

/** Stop strings of one request, as OpenAI's API has it, rounded up. */
export const MAX_STOP_STRINGS = 8;

/** Characters of one stop string: each is searched for at every step. */
export const MAX_STOP_LENGTH = 64;

/** Requests that wait for the model; each holds its picture in memory and waits for all before it. */
export const MAX_QUEUE = 16;

/** Milliseconds from a request's arrival to its answer. */
export const MAX_REQUEST_MS = 120_000;

/**
 * Milliseconds that a cancelled run may take to notice. A run of the graph cannot be interrupted, and the longest
 * one (tiles of a large model) takes seconds; after this the worker is killed and started again.
 */
export const MAX_CANCEL_MS = 30_000;

/** Milliseconds to decode and tile one picture: 50 million pixels take three seconds, and a busy machine stretches them. */
export const MAX_MEDIA_MS = 20_000;

/** Bytes of data (RLIMIT_DATA) of the process that decodes: the largest honest AVIF takes half of it. */
export const MAX_MEDIA_WORKER_BYTES = 1_000_000_000;

/** Milliseconds between a worker's crash and its next start, which doubles from 1 s up to this. */
export const MAX_RESTART_DELAY_MS = 30_000;

/** Milliseconds that running requests get to finish after SIGTERM. */
export const MAX_DRAIN_MS = 30_000;

/** Connections of the HTTP server: far above the queue, below the usual 1,024 open files. */
export const MAX_CONNECTIONS = 512;

/** Milliseconds for a client to send its headers, and its whole request. */
export const MAX_HEADERS_MS = 10_000;
export const MAX_RECEIVE_MS = 300_000;

/**
 * UTF-8 bytes of all texts of one conversation, checked before tokenising: twice what 8,192 positions hold at 4 bytes
 * a piece. Tokenising that much takes up to a second, and nothing else runs in that process meanwhile.
 */
export const MAX_CONVERSATION_BYTES = 64 * 1024;
