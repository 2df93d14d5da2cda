import {
  MAX_FFMPEG_ALLOCATION_BYTES,
  MAX_FFMPEG_CPU_SECONDS,
  MAX_VIDEO_PIXELS,
  MAX_VIDEO_SECONDS,
  MAX_VIDEO_STREAMS,
} from '../config/limits.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { unsupportedFormat } from './sniff-media.js';

/** Signals of a decoder that crashed on the content. Any other signal means that ffmpeg exceeded a resource limit. */
const CRASH_SIGNALS = /killed with signal SIG(?:SEGV|BUS|ILL|FPE|ABRT)/;

/** Patterns in the log of ffmpeg or ffprobe and the errors they become. The first match wins. */
const CAUSES: readonly (readonly [RegExp, (cause: unknown) => SalamandraError])[] = [
  [CRASH_SIGNALS, corruptVideo],
  [/killed with signal/, tooExpensiveVideo],
  [/Picture size \d+x\d+ (?:exceeds|is invalid)|[Dd]imensions \d+x\d+ not/, tooManyPixels],
  [/exceeds max_streams/, tooManyStreams],
  [/matches no streams|does not contain any stream/, noVideoStream],
  [/Format not on whitelist/, (cause) => unsupportedFormat(new Uint8Array(), cause)],
  [/Codec \(\w+\) not on whitelist|[Dd]ecoder .*not found|no decoder/, unsupportedCodec],
  [/Cannot allocate memory/, tooExpensiveVideo],
];

/** Maps a log of ffmpeg or ffprobe to an error: MEDIA_CORRUPT if no known cause is in it. */
export function toVideoError(log: string): SalamandraError {
  const create = CAUSES.find(([pattern]) => pattern.test(log))?.[1] ?? corruptVideo;
  return create(log);
}

function corruptVideo(cause: unknown): SalamandraError {
  return new SalamandraError(
    'MEDIA_CORRUPT',
    'The video file is damaged or incomplete. Send the original file again.',
    { cause },
  );
}

function tooExpensiveVideo(cause: unknown): SalamandraError {
  const mebibytes = MAX_FFMPEG_ALLOCATION_BYTES / 2 ** 20;
  return new SalamandraError(
    'MEDIA_TOO_EXPENSIVE',
    `Decoding the video exceeds the limit of ${MAX_FFMPEG_CPU_SECONDS} s of CPU time or ${mebibytes} MiB per allocation. Reduce the resolution or convert it to H.264.`,
    { cause },
  );
}

/**
 * Checks an estimate of the pixels that a decoder would have to decode.
 *
 * @throws MEDIA_TOO_EXPENSIVE above the limit
 */
export function checkPixels(pixels: number, limit: number): void {
  if (pixels <= limit) return;
  const [needed, most] = [pixels, limit].map((each) => Math.round(Math.min(each, 1e15) / 1e6));
  throw new SalamandraError(
    'MEDIA_TOO_EXPENSIVE',
    `The requested frames need ${grouped(needed ?? 0)} megapixels to be decoded, because frames are decoded from the key frame before them. The limit is ${grouped(most ?? 0)}. Request fewer frames or a shorter range, reduce the resolution, or encode the video with more key frames (ffmpeg: -g 250).`,
    { details: { megapixels: needed ?? 0, max_megapixels: most ?? 0 } },
  );
}

/** An image of one frame where a clip is required. */
export function stillImage(): SalamandraError {
  return new SalamandraError(
    'UNSUPPORTED_MEDIA_TYPE',
    'The file is an image of one frame, and not a video or an animation. Send it to /v1/captions or /v1/answers.',
  );
}

export function noVideoStream(cause?: unknown): SalamandraError {
  return new SalamandraError(
    'NO_VIDEO_STREAM',
    'The file has no video stream. Send a file with moving images.',
    { cause },
  );
}

function unsupportedCodec(cause: unknown): SalamandraError {
  return new SalamandraError(
    'UNSUPPORTED_CODEC',
    'The codec of the video is not supported. Convert the video to H.264.',
    { cause },
  );
}

export function tooManyPixels(cause?: unknown): SalamandraError {
  return tooLarge(
    'pixels',
    MAX_VIDEO_PIXELS,
    `The video frames have too many pixels. The limit is ${grouped(MAX_VIDEO_PIXELS)} per frame. Reduce the resolution.`,
    cause,
  );
}

export function tooLong(): SalamandraError {
  return tooLarge(
    'seconds',
    MAX_VIDEO_SECONDS,
    `The video is too long. The limit is ${grouped(MAX_VIDEO_SECONDS)} seconds. Split the file.`,
  );
}

function tooManyStreams(cause: unknown): SalamandraError {
  return tooLarge(
    'streams',
    MAX_VIDEO_STREAMS,
    `The file has too many streams. The limit is ${MAX_VIDEO_STREAMS}. Remove audio and subtitle streams.`,
    cause,
  );
}

export function noDecodableFrame(): SalamandraError {
  return new SalamandraError(
    'NO_DECODABLE_FRAME',
    'The requested range of the video has no decodable frame. Choose a range within the video.',
  );
}

function tooLarge(
  measure: string,
  limit: number,
  publicMessage: string,
  cause?: unknown,
): SalamandraError {
  return new SalamandraError('MEDIA_TOO_LARGE', publicMessage, {
    details: { measure, limit },
    cause,
  });
}

/** `36,000,000` */
function grouped(value: number): string {
  return value.toLocaleString('en');
}
