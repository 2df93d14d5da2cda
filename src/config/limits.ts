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
 * Tiles of one run of the vision graph. A run cannot be interrupted, and a large tile takes more than a second. Together
 * they take as long as one by one, or longer: what a tile's layers pass on fits a processor's cache, that of several does not.
 */
export const MAX_TILES_PER_RUN = 1;

/** Bytes of an uploaded picture: a full-size JPEG of any current camera, with room. */
export const MAX_IMAGE_BYTES = 25_000_000;

/** Bytes of all pictures of one request: eight camera files of ordinary size; they wait in memory. */
export const MAX_REQUEST_IMAGE_BYTES = 50_000_000;

/** Bytes of an uploaded clip: an hour of broadcast video. It goes to disk as it comes. */
export const MAX_VIDEO_BYTES = 2_000_000_000;

/** Pictures and clips of one request: each takes its part of the context. */
export const MAX_MEDIA_PER_REQUEST = 8;

/** Frames a second: that of fast cameras. */
export const MAX_FRAMES_PER_SECOND = 60;

/** Segments of one described video: a day cut every 90 s. All of them are held until the reply is written. */
export const MAX_SEGMENTS = 1_000;

/** Tokens of all texts of a video that is answered at once: 64 MB of text. As an event stream it may have more. */
export const MAX_VIDEO_CAPTIONS_TOKENS = 16_000_000;

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

/** Questions about one picture in one request: they are answered side by side, within one deadline. */
export const MAX_QUESTIONS = 32;

/** Earlier turns of a conversation: far more than any context holds. */
export const MAX_HISTORY_TURNS = 64;

/** Text fields of a form; the API knows two dozen, and `languages` may repeat for each of the 35. */
export const MAX_FORM_FIELDS = 64;

/** UTF-8 bytes of one form field: a question and its quoting. */
export const MAX_FORM_FIELD_BYTES = 65_536;

/** Bytes of a form field's name. */
export const MAX_FIELD_NAME_BYTES = 100;

/** Header lines of one part of a form: browsers send two. */
export const MAX_PART_HEADERS = 20;

/** Tokens of one answer: a page of text; the context of the model bounds it too. */
export const MAX_ANSWER_TOKENS = 4_096;

/** The likeliest tokens that are told of each step: OpenAI's bound. */
export const MAX_TOP_LOGPROBS = 20;

/** Probabilities in one reply that is sent at once: 50 MB. As an event stream it may have more. */
export const MAX_REPLY_LOGPROBS = 500_000;

/** Stop strings of one request, as OpenAI's API has it, rounded up. */
export const MAX_STOP_STRINGS = 8;

/** Characters of one stop string: each is searched for at every step. */
export const MAX_STOP_LENGTH = 64;

/**
 * Requests that are worked at side by side: beyond these each becomes slower, and all together hardly faster. Two places
 * stay free of batch work, so that whoever waits for an answer does not wait for the end of a long job's.
 */
export const MAX_RUNNING_REQUESTS = 8;
export const MAX_RUNNING_BATCH_REQUESTS = 6;

/** Requests that are there at once, worked at or waiting for it; each holds its picture in memory. */
export const MAX_REQUESTS = 24;

/** Answers that are written in one step: every one of them makes the others' next token a little later. */
export const MAX_SEQUENCES = 64;

/**
 * Milliseconds from a request's arrival to its answer, and those that each gigabyte of a model's weights adds: on two
 * cores a model of 4 GB reads 30 tokens of a prompt a second and writes two to four.
 */
export const MAX_REQUEST_MS = 120_000;
export const MAX_REQUEST_MS_PER_GB = 180_000;

/**
 * Milliseconds that a cancelled run may take to notice, and those that each gigabyte of weights adds. A run of the graph
 * cannot be interrupted, and the longest ones (tiles, a stretch of a prompt) take seconds in a large model; after this the
 * worker is killed and started again.
 */
export const MAX_CANCEL_MS = 30_000;
export const MAX_CANCEL_MS_PER_GB = 10_000;

/** Milliseconds to decode and tile one picture: 50 million pixels take three seconds, and a busy machine stretches them. */
export const MAX_TILE_IMAGE_MS = 20_000;

/** Bytes of data (RLIMIT_DATA) of the process that decodes: the largest honest AVIF takes half of it. */
export const MAX_MEDIA_WORKER_BYTES = 1_000_000_000;

/** Milliseconds between a worker's crash and its next start, which doubles from 1 s up to this. */
export const MAX_RESTART_DELAY_MS = 30_000;

/** Milliseconds that running requests get to finish after SIGTERM. */
export const MAX_DRAIN_MS = 30_000;

/** Connections of the HTTP server: far above the queue, below the usual 1,024 open files. */
export const MAX_CONNECTIONS = 512;

/** Milliseconds for a client to send its headers, and its whole request; and for all its media by address to come. */
export const MAX_HEADERS_MS = 10_000;
export const MAX_RECEIVE_MS = 300_000;

/**
 * UTF-8 bytes of all texts of one conversation, checked before tokenising: twice what 8,192 positions hold at 4 bytes
 * a piece. Tokenising that much takes up to a second, and nothing else runs in that process meanwhile.
 */
export const MAX_CONVERSATION_BYTES = 64 * 1024;

/** Bytes of a request's body that have to come in each MIN_UPLOAD_WINDOW_MS; a slower client holds its place for nothing. */
export const MIN_UPLOAD_BYTES = 10_000;
export const MIN_UPLOAD_WINDOW_MS = 10_000;

/** Milliseconds between signs of life in an event stream: proxies drop what is silent for half a minute or more. */
export const STREAM_HEARTBEAT_MS = 15_000;

/** Milliseconds that a stream waits for its first event before it commits itself to status 200. */
export const MAX_FIRST_EVENT_MS = 1_000;

/** Milliseconds a reader of a stream may take nothing before it is cut. */
export const MAX_STREAM_STALL_MS = 30_000;

/** Characters of a media URL: longer than signed addresses of object stores, and cheap to parse. */
export const MAX_URL_CHARACTERS = 2_048;

/** Redirects followed for one media URL: shorteners and content networks use one or two. */
export const MAX_REDIRECTS = 3;

/** Milliseconds to resolve a media URL's host and connect to it, and then to its response's headers. */
export const MAX_CONNECT_MS = 3_000;
export const MAX_RESPONSE_HEADERS_MS = 5_000;

/** Milliseconds for the whole body of a media URL, which has to leave most of MAX_REQUEST_MS to the model. */
export const MAX_RESPONSE_BODY_MS = 30_000;

/** Least bytes that a media URL's body must bring in each window: a drip must not hold a place in the queue. */
export const MIN_RESPONSE_WINDOW_BYTES = 10_000;
export const RESPONSE_WINDOW_MS = 10_000;

/** Pixels of a clip's frame: 8K; one decoded frame takes 108 MB as RGB, and decoders keep several. */
export const MAX_VIDEO_PIXELS = 36_000_000;

/** Seconds of a clip: a day of surveillance or broadcast. */
export const MAX_VIDEO_SECONDS = 86_400;

/** Streams of a clip: a broadcast with every language of sound and subtitles has fewer. */
export const MAX_VIDEO_STREAMS = 32;

/** Frames sampled of one clip: more than the longest context of a model takes at full size. */
export const MAX_SAMPLED_FRAMES = 64;

/** Bytes and microseconds of a clip that ffmpeg may read to learn what is in it. */
export const MAX_PROBE_BYTES = 5_000_000;
export const MAX_PROBE_MICROSECONDS = 5_000_000;

/** Bytes of one allocation of ffmpeg: a frame of MAX_VIDEO_PIXELS at 16 bits has room. */
export const MAX_FFMPEG_ALLOCATION_BYTES = 512 * 1024 * 1024;

/** Seconds of processor time of one ffmpeg: it ends by itself even where nobody is left to kill it. */
export const MAX_FFMPEG_CPU_SECONDS = 60;

/** Milliseconds to read a clip's headers. */
export const MAX_INSPECT_MS = 20_000;

/** Milliseconds to sample a clip: 64 seeks into a large file on a busy machine take half of it. */
export const MAX_SAMPLE_VIDEO_MS = 60_000;

/**
 * Milliseconds to find the shots of a clip, whatever its length; those after which it stops to read on and seeks; and those
 * after which it makes do with the places it has sought.
 */
export const MAX_DETECT_SHOTS_MS = 120_000;
export const MAX_SHOT_DECODING_MS = 20_000;
export const MAX_SHOT_SEEKING_MS = 40_000;

/** Bytes of a file (RLIMIT_FSIZE) of the process that decodes: it writes none but what libvips swaps out. */
export const MAX_MEDIA_WORKER_FILE_BYTES = 256_000_000;
