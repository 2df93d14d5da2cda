import { SalamandraError } from '../errors/salamandra-error.js';
import { IMAGE_FORMATS, type ImageFormat, matchImageFormat } from './image-formats.js';
import {
  matchVideoContainer,
  MEDIA_HEAD_BYTES,
  VIDEO_CONTAINER_LABELS,
  VIDEO_CONTAINERS,
  type VideoContainer,
} from './video-formats.js';

export type MediaKind = 'image' | 'video';

/**
 * Classifies a file by the signature in its first MEDIA_HEAD_BYTES (all bytes of a shorter file). File names and
 * declared media types are not trusted. A GIF is an image: its first frame is decoded.
 *
 * The kind does not guarantee that the file can be decoded: HEIC images and audio-only files pass here and are rejected
 * by the decoder.
 *
 * @returns `null` for anything else, such as text, playlists, subtitles and documents.
 */
export function sniffMediaKind(head: Uint8Array): MediaKind | null {
  if (matchImageFormat(head) !== null) return 'image';
  return matchVideoContainer(head) === null ? null : 'video';
}

/**
 * The image format by signature. Formats that are not in IMAGE_FORMATS (SVG, HTML, PDF, text) never reach a decoder.
 *
 * @throws MEDIA_EMPTY, UNSUPPORTED_MEDIA_TYPE
 */
export function sniffImageFormat(bytes: Uint8Array): ImageFormat {
  if (bytes.length === 0) throw emptyFile();
  const format = matchImageFormat(bytes);
  if (format === null) throw unsupportedFormat();
  if (format === 'heic') {
    throw new SalamandraError(
      'UNSUPPORTED_MEDIA_TYPE',
      'HEIC images are not supported. Convert the image to JPEG or AVIF.',
      { details: { supportedFormats: [...SUPPORTED_FORMATS] } },
    );
  }
  return format;
}

/** The video container by signature; `null` if the first MEDIA_HEAD_BYTES are an image's or no known container's. */
export function sniffVideoContainer(head: Uint8Array): VideoContainer | null {
  return matchImageFormat(head) === null ? matchVideoContainer(head) : null;
}

const SUPPORTED_FORMATS = [...Object.keys(IMAGE_FORMATS), ...VIDEO_CONTAINERS];
const SUPPORTED_IMAGES = Object.values(IMAGE_FORMATS).map(({ label }) => label);

export function unsupportedFormat(cause?: unknown): SalamandraError {
  return new SalamandraError(
    'UNSUPPORTED_MEDIA_TYPE',
    `Unsupported file format. Send an image (${SUPPORTED_IMAGES.join(', ')}) or a video (${VIDEO_CONTAINER_LABELS.join(', ')}).`,
    { details: { supportedFormats: [...SUPPORTED_FORMATS] }, cause },
  );
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
