import { MAX_VIDEO_PIXELS, MAX_VIDEO_SECONDS, MAX_VIDEO_STREAMS } from '../config/limits.js';
import { SalamandraError } from '../errors/salamandra-error.js';

/** Signals of a decoder that broke on the bytes; any other means that it took too much. */
const CRASH_SIGNALS = /killed with signal SIG(?:SEGV|BUS|ILL|FPE|ABRT)/;

/** What ffmpeg and ffprobe write when they give up, in the order in which the causes outrank each other. */
const CAUSES: readonly (readonly [RegExp, (cause: unknown) => SalamandraError])[] = [
  [CRASH_SIGNALS, corruptVideo],
  [/killed with signal/, tooExpensiveVideo],
  [/Picture size \d+x\d+ (?:exceeds|is invalid)|[Dd]imensions \d+x\d+ not/, tooManyPixels],
  [/exceeds max_streams/, tooManyStreams],
  [/matches no streams|does not contain any stream/, noVideoStream],
  [/Format not on whitelist/, unsupportedContainer],
  [/Codec \(\w+\) not on whitelist|[Dd]ecoder .*not found|no decoder/, unsupportedCodec],
  [/Cannot allocate memory/, tooExpensiveVideo],
];

/** Names what went wrong by ffmpeg's log. A cause that is not known is the file's damage. */
export function toVideoError(log: string): SalamandraError {
  const create = CAUSES.find(([pattern]) => pattern.test(log))?.[1] ?? corruptVideo;
  return create(log);
}

function corruptVideo(cause: unknown): SalamandraError {
  return new SalamandraError('MEDIA_CORRUPT', 'The clip is damaged or incomplete.', { cause });
}

function tooExpensiveVideo(cause: unknown): SalamandraError {
  return new SalamandraError(
    'MEDIA_TOO_EXPENSIVE',
    'The clip takes too long or too much memory to decode.',
    { cause },
  );
}

function noVideoStream(cause: unknown): SalamandraError {
  return new SalamandraError('NO_VIDEO_STREAM', 'The file has no moving picture.', { cause });
}

export function unsupportedContainer(cause?: unknown): SalamandraError {
  return new SalamandraError(
    'UNSUPPORTED_MEDIA_TYPE',
    'The file is not an MP4, QuickTime, Matroska, WebM, AVI, MPEG, FLV, Windows Media or Ogg clip.',
    { cause },
  );
}

function unsupportedCodec(cause: unknown): SalamandraError {
  return new SalamandraError(
    'UNSUPPORTED_CODEC',
    'The clip is encoded in a way that is not supported. Convert it to H.264.',
    { cause },
  );
}

export function tooManyPixels(cause?: unknown): SalamandraError {
  return tooLarge(
    'pixels',
    MAX_VIDEO_PIXELS,
    'The frames of the clip have too many pixels.',
    cause,
  );
}

export function tooLong(): SalamandraError {
  return tooLarge('seconds', MAX_VIDEO_SECONDS, 'The clip is too long.');
}

function tooManyStreams(cause: unknown): SalamandraError {
  return tooLarge('streams', MAX_VIDEO_STREAMS, 'The clip has too many streams.', cause);
}

export function noDecodableFrame(): SalamandraError {
  return new SalamandraError('NO_DECODABLE_FRAME', 'There is no frame in this part of the clip.');
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
