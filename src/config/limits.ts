/** Every limit of the service, with its unit and its reason. */

/**
 * Tokens of a context that every machine which can load the model admits. Some models have context windows of 131,072
 * tokens, whose KV cache needs more memory than their weights. Longer prompts run if SALAMANDRA_MEMORY_MB allows them.
 */
export const GUARANTEED_CONTEXT_TOKENS = 8_192;

/**
 * Pixels of an image in any configuration: scans and stitched photographs of archives. Above MAX_WHOLE_IMAGE_PIXELS the
 * decoder reduces the image while it reads.
 */
export const MAX_IMAGE_PIXELS = 400_000_000;

/** Pixels of an image over HTTP by default: that of the largest common cameras. */
export const DEFAULT_IMAGE_PIXELS = 100_000_000;

/** Pixels of an image that is decoded as a whole: 50 megapixels are 150 MB as RGB. */
export const MAX_WHOLE_IMAGE_PIXELS = 50_000_000;

/** Pixels of a lossless WebP image, whose decoder keeps 4 bytes per pixel. */
export const MAX_LOSSLESS_WEBP_PIXELS = 150_000_000;

/** Bytes of the coefficients of a progressive JPEG, which its decoder keeps: 2 bytes each. */
export const MAX_JPEG_COEFFICIENT_BYTES = 600_000_000;

/**
 * Pixels of an AVIF image. Its decoder allocates whole frames: a file of 1 kB with 49 million pixels took 0.92 GB. At
 * this limit it takes 0.5 GB, and images of 24-megapixel cameras pass.
 */
export const MAX_AVIF_PIXELS = 25_000_000;

/** Bytes of a DICOM file, whose parser takes it as a whole. */
export const MAX_DICOM_BYTES = 200_000_000;

/** Pixels of a HEIC image, and bytes of its file, which is in memory twice. At this limit it takes 0.8 GB. */
export const MAX_HEIC_PIXELS = 50_000_000;
export const MAX_HEIC_BYTES = 100_000_000;

/**
 * Pixels of a JPEG XL image, whose decoder keeps 33 bytes per pixel, and bytes of its file. At this limit it takes 0.8
 * GB.
 */
export const MAX_JPEG_XL_PIXELS = 20_000_000;
export const MAX_JPEG_XL_BYTES = 50_000_000;

/**
 * Pixels of an OpenEXR image, of which ffmpeg and the media worker keep 16 bytes each, and bytes of its file. At this
 * limit ffmpeg takes 0.7 GB.
 */
export const MAX_OPENEXR_PIXELS = 20_000_000;
export const MAX_OPENEXR_BYTES = 330_000_000;

/** Pixels of a camera raw file: the largest sensors. Above MAX_WHOLE_IMAGE_PIXELS it is developed at half size. */
export const MAX_CAMERA_RAW_PIXELS = 160_000_000;

/**
 * Bytes that a decoder in WebAssembly may take for an image, estimated before it starts. The remainder of
 * MAX_MEDIA_WORKER_BYTES is left to Node.js and libvips.
 */
export const MAX_CODEC_BYTES = 700_000_000;

/** Pixels of an image's longer side: panoramas, and scans of rolls. */
export const MAX_IMAGE_SIDE = 100_000;

/**
 * Channels of an image. CMYK with alpha has five. Images with more are scientific data, and memory grows with each
 * channel.
 */
export const MAX_IMAGE_CHANNELS = 5;

/**
 * Bytes of a strip or tile of a TIFF file without compression, all planes together. It is decoded as a whole: a scan of
 * 50 million pixels in a single strip of 16-bit RGB is larger, but has no need of compression.
 */
export const MAX_TIFF_BLOCK_BYTES = 256_000_000;

/**
 * Tiles per run of the vision graph. A run cannot be interrupted, and a large tile takes more than 1 s. Larger batches
 * are not faster: the activations of one tile fit the CPU cache, those of several do not.
 */
export const MAX_TILES_PER_RUN = 1;

/** Number of the last page that can be requested of a document: the largest bound volumes have a tenth of it. */
export const MAX_DOCUMENT_PAGES = 100_000;

/** Frames of an animation that is sampled as a clip: five minutes at 30 frames per second. */
export const MAX_ANIMATION_FRAMES = 10_000;

/** Pixels of the longer side of a thumbnail: the width of the preview on the page. */
export const THUMBNAIL_SIDE_PIXELS = 640;

/** Bytes of a PDF file. Its decoder keeps a copy in memory. */
export const MAX_PDF_BYTES = 200_000_000;

/**
 * Pixels of the longer side of a drawn PDF page: what the tiles of the models need at most, and enough for the print of
 * a newspaper page to be legible.
 */
export const PDF_SIDE_PIXELS = 2_048;

/** Bytes of an image file in any configuration: an uncompressed 8-bit scan of MAX_IMAGE_PIXELS, and its metadata. */
export const MAX_IMAGE_BYTES = 1_300_000_000;

/** Bytes of an image file over HTTP by default: an uncompressed TIFF of a common scanner. */
export const DEFAULT_IMAGE_BYTES = 100_000_000;

/** Bytes of an image file that waits in memory. Larger files are stored on disk. */
export const MAX_MEMORY_IMAGE_BYTES = 8_000_000;

/** Bytes of all images of a request, as a multiple of the limit for one. */
export const MAX_REQUEST_IMAGES = 2;

/** Bytes of a video file, which is streamed to disk: an hour of broadcast video. */
export const MAX_VIDEO_BYTES = 2_000_000_000;

/**
 * Bytes of the temporary files of all requests by default: four videos of the largest size. One client may use half.
 */
export const DEFAULT_TEMPORARY_BYTES = 8_000_000_000;

/** Images and videos per request. Each takes tokens of the context. */
export const MAX_MEDIA_PER_REQUEST = 8;

/** Sampling rate of videos in frames per second: the rate of fast cameras. */
export const MAX_FRAMES_PER_SECOND = 60;

/** Segments of a captioned video: a day in segments of 90 s. All are in memory until the response is sent. */
export const MAX_SEGMENTS = 1_000;

/** Tokens of all captions of a video in one JSON response: 64 MB of text. Event streams have no such limit. */
export const MAX_VIDEO_CAPTIONS_TOKENS = 16_000_000;

/** Bytes of a JSON body. Parsing 33 MB blocks the event loop for 0.1 s. Larger files can be sent as multipart. */
export const MAX_JSON_BYTES = 12_000_000;

/** Bytes of an image in a JSON body after base64 decoding: fits MAX_JSON_BYTES together with the other fields. */
export const MAX_BASE64_IMAGE_BYTES = 8_000_000;

/** Bytes of a JSON body that waits in memory on the chat route. Files in larger bodies are stored on disk. */
export const MAX_MEMORY_JSON_BYTES = 8_000_000;

/** Bytes of a larger body without its files: long texts, the schemas of tools, and eight small images. */
export const MAX_JSON_TEXT_BYTES = 2_000_000;

/** Bytes from which a base64 string of a larger body is stored on disk. */
export const MIN_STORED_STRING_BYTES = 65_536;

/** Bytes of a chat body in any configuration: a video of MAX_VIDEO_BYTES as base64. */
export const MAX_CHAT_BYTES = 2_700_000_000;

/** Bytes of a chat body by default: a photograph or a clip of 100 MB as base64. */
export const DEFAULT_CHAT_BYTES = 136_000_000;

/**
 * Objects, arrays and values in a JSON body. The largest request has fewer than 200 of its own; agents add the schemas
 * of up to a hundred tools, which are not used. This many are parsed and checked within 10 ms.
 */
export const MAX_JSON_NODES = 5_000;

/**
 * Nesting depth of a JSON body: the schema of a tool's parameters has three to four levels for each level of its
 * objects. Recursion must not exhaust the stack.
 */
export const MAX_JSON_DEPTH = 32;

/** UTF-8 bytes of a question: longer than any context, and quick to tokenize. */
export const MAX_PROMPT_BYTES = 32_768;

/** Questions per request. They are decoded together and share a deadline. */
export const MAX_QUESTIONS = 32;

/** Earlier turns of a conversation: more than any context holds. */
export const MAX_HISTORY_TURNS = 64;

/** Text fields of a form. The API has about 24, and `languages` may repeat for each of the 35 languages. */
export const MAX_FORM_FIELDS = 64;

/** UTF-8 bytes of a form field: a question of MAX_PROMPT_BYTES and its JSON escapes. */
export const MAX_FORM_FIELD_BYTES = 65_536;

/** Bytes of a form field's name. */
export const MAX_FIELD_NAME_BYTES = 100;

/** Header lines per part of a multipart form. Browsers send two. */
export const MAX_PART_HEADERS = 20;

/** Tokens per answer: a page of text. The model's context limits it as well. */
export const MAX_ANSWER_TOKENS = 4_096;

/** Alternatives per token with log-probabilities: the limit of OpenAI's API. */
export const MAX_TOP_LOGPROBS = 20;

/** Log-probabilities in one JSON response: 50 MB. Event streams have no such limit. */
export const MAX_REPLY_LOGPROBS = 500_000;

/**
 * Requests that run at once (continuous batching). With more, each gets slower and the total throughput hardly grows.
 * One client may have one less, so that the first request of another client starts at once. Two slots are reserved for
 * interactive requests, so that they never wait for the end of a batch job.
 */
export const MAX_RUNNING_REQUESTS = 9;
export const MAX_RUNNING_BATCH_REQUESTS = 7;

/**
 * Requests in the service, running and queued, and the additional ones of clients that have less than an equal share of
 * all: a client that fills the queue leaves room for others. Each request holds its images in memory.
 */
export const MAX_REQUESTS = 24;
export const NEWCOMER_PLACES = 8;

/** Bodies that are being received at once, of all clients and of one. They hold no place of the queue. */
export const MAX_RECEIVING = 256;
export const MAX_RECEIVING_PER_CLIENT = 64;

/**
 * Bytes of images and JSON bodies that requests hold in the memory of the HTTP server, of all clients and of one.
 */
export const MAX_BODY_MEMORY_BYTES = 256_000_000;
export const MAX_BODY_MEMORY_PER_CLIENT_BYTES = 128_000_000;

/** Sequences per decode step. Each one delays the next token of the others a little. */
export const MAX_SEQUENCES = 64;

/**
 * Milliseconds from the arrival of a request to the end of its answer, and the addition per gigabyte of model weights.
 * On two cores a 4 GB model prefills 30 tokens/s and decodes two to four tokens/s.
 */
export const MAX_REQUEST_MS = 120_000;
export const MAX_REQUEST_MS_PER_GB = 180_000;

/**
 * Milliseconds that a worker has to stop a cancelled request, and the addition per gigabyte of model weights. A graph
 * run cannot be interrupted, and the longest ones (a tile, a prefill chunk) take seconds in a large model. After this
 * time the worker is killed and restarted.
 */
export const MAX_CANCEL_MS = 30_000;
export const MAX_CANCEL_MS_PER_GB = 10_000;

/**
 * Milliseconds to decode and tile an image, and the addition per million pixels that the configuration permits above
 * MAX_WHOLE_IMAGE_PIXELS. 50 million pixels take 3 s, 400 million up to 30 s, and longer on a busy machine.
 */
export const MAX_TILE_IMAGE_MS = 20_000;
export const MAX_TILE_IMAGE_MS_PER_MEGAPIXEL = 200;

/** Data segment of a media worker in bytes (RLIMIT_DATA). The largest allowed AVIF takes half of it. */
export const MAX_MEDIA_WORKER_BYTES = 1_000_000_000;

/** Milliseconds between the crash of a worker and its restart: doubles from 1 s up to this limit. */
export const MAX_RESTART_DELAY_MS = 30_000;

/**
 * Crashes in a row of a worker that loads the model, before the model counts as unusable: of a model that was never
 * ready, and of one that was. The second gives other programs about two minutes to free memory.
 */
export const MAX_LOAD_CRASHES = 2;
export const MAX_RELOAD_CRASHES = 8;

/** Milliseconds that running requests have to finish after SIGTERM. */
export const MAX_DRAIN_MS = 30_000;

/**
 * Connections of the HTTP server: far more than MAX_REQUESTS, fewer than the usual limit of 1,024 open files; and those
 * from one address.
 */
export const MAX_CONNECTIONS = 512;
export const MAX_CONNECTIONS_PER_CLIENT = 128;

/**
 * Milliseconds for a client to send its request headers, and its whole request. MAX_RECEIVE_MS also applies to fetching
 * all media URLs of a request.
 */
export const MAX_HEADERS_MS = 10_000;
export const MAX_RECEIVE_MS = 300_000;

/**
 * UTF-8 bytes of all texts of a conversation, checked before tokenizing: twice a context of 8,192 tokens at 4 bytes per
 * token. Tokenizing that much takes up to 1 s and blocks the worker process.
 */
export const MAX_CONVERSATION_BYTES = 64 * 1024;

/** Variables that a request gives to the chat template, and their length as JSON in characters. */
export const MAX_TEMPLATE_VARIABLES = 32;
export const MAX_TEMPLATE_VARIABLES_LENGTH = 4096;

/**
 * Steps of a chat template per conversation: evaluated expressions and loop iterations. The published templates need
 * about 100 for a message. It ends the endless loops of a hostile template within seconds.
 */
export const MAX_TEMPLATE_STEPS = 500_000;

/**
 * Minimum upload rate: bytes of the request body in each window, and the window in milliseconds. Slower clients would
 * occupy a slot of the queue.
 */
export const MIN_UPLOAD_BYTES = 10_000;
export const MIN_UPLOAD_WINDOW_MS = 10_000;

/** Milliseconds between heartbeats in an event stream. Proxies close connections that are silent for 30 s or more. */
export const STREAM_HEARTBEAT_MS = 15_000;

/**
 * Milliseconds that an event stream waits for its first event before it sends status 200. Errors until then get their
 * own status.
 */
export const MAX_FIRST_EVENT_MS = 1_000;

/** Milliseconds without accepted data after which the client of an event stream is disconnected. */
export const MAX_STREAM_STALL_MS = 30_000;

/** Characters of a media URL: longer than signed URLs of object stores, and cheap to parse. */
export const MAX_URL_CHARACTERS = 2_048;

/** Redirects per media URL. URL shorteners and CDNs use one or two. */
export const MAX_REDIRECTS = 3;

/** Milliseconds to resolve and connect to the host of a media URL, and then to receive the response headers. */
export const MAX_CONNECT_MS = 3_000;
export const MAX_RESPONSE_HEADERS_MS = 5_000;

/** Milliseconds for the response body of a media URL. Must leave most of MAX_REQUEST_MS to the model. */
export const MAX_RESPONSE_BODY_MS = 30_000;

/**
 * Minimum rate of a media URL's response: bytes per window, and the window in milliseconds. Slower servers would occupy
 * a slot of the queue.
 */
export const MIN_RESPONSE_WINDOW_BYTES = 10_000;
export const RESPONSE_WINDOW_MS = 10_000;

/** Pixels of a video frame: 8K. A decoded frame takes 108 MB as RGB, and decoders buffer several. */
export const MAX_VIDEO_PIXELS = 36_000_000;

/** Seconds of a video: a day of surveillance or broadcast. */
export const MAX_VIDEO_SECONDS = 86_400;

/** Streams of a video file. Broadcasts with audio and subtitles in every language have fewer. */
export const MAX_VIDEO_STREAMS = 32;

/** Sampled frames per video: more than the longest context of a model holds. */
export const MAX_SAMPLED_FRAMES = 64;

/** Bytes and microseconds of a video that ffmpeg may read to detect its streams. */
export const MAX_PROBE_BYTES = 5_000_000;
export const MAX_PROBE_MICROSECONDS = 5_000_000;

/** Bytes per allocation of ffmpeg. A frame of MAX_VIDEO_PIXELS with 16 bits per channel fits. */
export const MAX_FFMPEG_ALLOCATION_BYTES = 512 * 1024 * 1024;

/** Seconds of CPU time per ffmpeg process. It exits by itself even if its parent is gone. */
export const MAX_FFMPEG_CPU_SECONDS = 60;

/** Milliseconds to read the headers of an image or a video. */
export const MAX_INSPECT_MS = 20_000;

/** Milliseconds to draw a thumbnail: probing a video, and the decoding of a large image on a busy machine. */
export const MAX_THUMBNAIL_MS = 60_000;

/** Milliseconds to walk the packets of a video. Half of MAX_INSPECT_MS: some 5 GB from a fast disk. */
export const MAX_PACKET_INDEX_MS = 10_000;

/** Milliseconds to count the packets of several video streams. The counts so far decide which one is captioned. */
export const MAX_STREAM_COUNT_MS = 3_000;

/** Milliseconds to search a video for the headers of further files: some 3 GB from a fast disk. */
export const MAX_JOIN_SCAN_MS = 3_000;

/**
 * Pixels that are decoded to sample a video or to search it for shots, by estimate: 64 frames of a 1080p film with a
 * key frame every 250 frames. A core decodes 200 to 1,000 million per second.
 */
export const MAX_DECODED_PIXELS = 20_000_000_000;

/**
 * A clip that needs more pixels or more milliseconds than a turn leaves the short lane of the media workers, so that
 * other clips do not wait for it: 8 frames of most clips take less. It may wait this many milliseconds for a worker of
 * the long lane, which together with MAX_SAMPLE_VIDEO_MS is less than MAX_REQUEST_MS.
 */
export const MAX_TURN_PIXELS = 1_000_000_000;
export const MAX_TURN_MS = 5_000;
export const MAX_LONG_LANE_WAIT_MS = 45_000;

/** Milliseconds to sample the frames of a video. 64 seeks in a large file on a busy machine take half of it. */
export const MAX_SAMPLE_VIDEO_MS = 60_000;

/**
 * Milliseconds for shot detection, for any length of the video. After MAX_SHOT_DECODING_MS it stops decoding and seeks
 * instead. After MAX_SHOT_SEEKING_MS of seeking it uses the frames so far.
 */
export const MAX_DETECT_SHOTS_MS = 120_000;
export const MAX_SHOT_DECODING_MS = 20_000;
export const MAX_SHOT_SEEKING_MS = 40_000;

/** Bytes of a file that a media worker may write (RLIMIT_FSIZE). Only libvips writes files, to swap out pixels. */
export const MAX_MEDIA_WORKER_FILE_BYTES = 256_000_000;
