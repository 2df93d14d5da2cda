import { SalamandraError } from '../errors/salamandra-error.js';
import { IMAGE_FORMATS, type ImageFormat, matchImageFormat } from './image-formats.js';
import type { MediaKind } from './signatures.js';
import { matchUnsupportedFormat, type UnsupportedFormat } from './unsupported-formats.js';
import {
  matchVideoContainer,
  MEDIA_HEAD_BYTES,
  VIDEO_CONTAINER_LABELS,
  VIDEO_CONTAINERS,
  type VideoContainer,
} from './video-formats.js';

/**
 * Classifies a file by the signature in its first MEDIA_HEAD_BYTES (all bytes of a shorter file). File names and
 * declared media types are not trusted. A GIF is an image: its first frame is decoded.
 *
 * The kind does not guarantee that the file can be decoded: audio-only files pass here and are rejected by the decoder.
 *
 * @returns `null` for anything else, such as text, playlists, subtitles and documents.
 */
export function sniffMediaKind(head: Uint8Array): MediaKind | null {
  if (matchImageFormat(head) !== null) return 'image';
  return matchVideoContainer(head) === null ? null : 'video';
}

/**
 * The image format by signature. Formats that are not in IMAGE_FORMATS (SVG, HTML, text) never reach a decoder.
 *
 * @param head the first MEDIA_HEAD_BYTES of the file.
 * @throws MEDIA_EMPTY, UNSUPPORTED_MEDIA_TYPE
 */
export function sniffImageFormat(head: Uint8Array): ImageFormat {
  if (head.length === 0) throw emptyFile();
  const format = matchImageFormat(head);
  if (format === null) throw unsupportedFormat(head);
  return format;
}

/** The video container by signature; `null` if the first MEDIA_HEAD_BYTES are an image's or no known container's. */
export function sniffVideoContainer(head: Uint8Array): VideoContainer | null {
  return sniffMediaKind(head) === 'video' ? matchVideoContainer(head) : null;
}

const IMAGE_NAMES = Object.keys(IMAGE_FORMATS);
const IMAGE_LABELS = Object.values(IMAGE_FORMATS).map(({ label }) => label);

/**
 * The error for a file that is neither decoded as an image nor as a video. If its first bytes tell the format, it is
 * named, with the formats of the same kind.
 */
export function unsupportedFormat(head: Uint8Array, cause?: unknown): SalamandraError {
  const format = matchUnsupportedFormat(head);
  const supportedFormats = {
    image: IMAGE_NAMES,
    video: [...VIDEO_CONTAINERS],
    any: [...IMAGE_NAMES, ...VIDEO_CONTAINERS],
  }[format?.kind ?? 'any'];
  return new SalamandraError('UNSUPPORTED_MEDIA_TYPE', describeUnsupported(format), {
    details: { ...(format && { format: format.name }), supportedFormats },
    cause,
  });
}

function describeUnsupported(format: UnsupportedFormat | undefined): string {
  const images = IMAGE_LABELS.join(', ');
  const videos = VIDEO_CONTAINER_LABELS.join(', ');
  if (format === undefined) {
    return `Unsupported file format. Send an image (${images}) or a video (${videos}).`;
  }
  const advice =
    format.kind === 'image' ? `Convert the image: ${images}.` : `Convert the video: ${videos}.`;
  return `${format.name} are not supported. ${format.advice ?? advice}`;
}

export function emptyFile(): SalamandraError {
  return new SalamandraError('MEDIA_EMPTY', 'The file is empty (0 bytes).');
}

/**
 * Buffers the first chunks of a stream until `sniffMediaKind` can classify it.
 *
 * @returns at least MEDIA_HEAD_BYTES, fewer only if the stream is shorter
 */
export async function readHead(chunks: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  const head: Uint8Array[] = [];
  for (let bytes = 0; bytes < MEDIA_HEAD_BYTES;) {
    const next = await chunks.next();
    if (next.done) break;
    head.push(next.value);
    bytes += next.value.length;
  }
  return Buffer.concat(head);
}

/**
 * The whole stream again after `readHead`.
 *
 * @param onChunk called with the size of each chunk in bytes before the chunk is yielded; an error it throws ends the
 *   stream
 */
export async function* prependHead(
  head: Uint8Array,
  rest: AsyncIterator<Uint8Array>,
  onChunk: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  let next: IteratorResult<Uint8Array> = { done: false, value: head };
  while (!next.done) {
    onChunk(next.value.length);
    yield next.value;
    next = await rest.next();
  }
}
