import { recognizeImage } from './image-formats.js';

export type MediaKind = 'image' | 'video';

/** Bytes from which a kind can be told: a transport stream shows itself in its second packet only. */
export const MEDIA_HEAD_BYTES = 256;

/** First bytes of the containers that are read, by ffmpeg's names, as Latin-1 text; `.` stands for any byte. */
const CONTAINERS = [
  // MP4, QuickTime. Files from before `ftyp` start with one of the other boxes.
  ['mov', /^.{4}(?:ftyp|moov|mdat|wide|free|skip|pnot)/s],
  // Matroska, WebM. The dot is 1A: a control character that the lint rules keep out of expressions.
  ['matroska', /^.\x45\xdf\xa3/s],
  ['avi', /^RIFF.{4}AVI /s],
  // Program stream: the pack header's start code.
  ['mpeg', /^\0\0[^\0]\xba/],
  // Transport stream, plain and with the four bytes of time that cameras write before each packet.
  ['mpegts', /^G.{187}G/s],
  ['mpegts', /^.{4}G.{191}G/s],
  // Version 1.
  ['flv', /^FLV[^ -~]/],
  // Windows Media.
  ['asf', /^0&\xb2u\x8ef\xcf/],
  ['ogg', /^OggS\0/],
] as const;

export type VideoContainer = (typeof CONTAINERS)[number][0];

/** Every container that is read, by ffmpeg's names. */
export const VIDEO_CONTAINERS: readonly VideoContainer[] = [
  ...new Set(CONTAINERS.map(([container]) => container)),
];

/** Names a clip's container by the first MEDIA_HEAD_BYTES of the file, or all of a shorter one; null for anything else. */
export function sniffVideoContainer(head: Uint8Array): VideoContainer | null {
  if (recognizeImage(head) !== null) return null;
  const header = Buffer.from(head.subarray(0, MEDIA_HEAD_BYTES)).toString('latin1');
  return CONTAINERS.find(([, pattern]) => pattern.test(header))?.[0] ?? null;
}

/**
 * Tells a picture from a clip by the first MEDIA_HEAD_BYTES of a file, or all of a shorter one; null for what is
 * neither: text, playlists, subtitles, documents. Names and declared types are never trusted. A GIF is a picture,
 * and its first frame is taken. A kind is no promise that the file can be decoded: HEIC pictures and sound in a clip's
 * container pass here, and are refused where they are decoded.
 */
export function sniffMediaKind(head: Uint8Array): MediaKind | null {
  if (recognizeImage(head) !== null) return 'image';
  return sniffVideoContainer(head) === null ? null : 'video';
}

/** What comes until the kind can be told: MEDIA_HEAD_BYTES or a chunk more, less if the stream ends. */
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

/** Head and rest; `count` sees the size of each chunk before the reader does, and may throw. */
export async function* countChunks(
  head: Uint8Array,
  rest: AsyncIterator<Uint8Array>,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  let next: IteratorResult<Uint8Array> = { done: false, value: head };
  while (!next.done) {
    count(next.value.length);
    yield next.value;
    next = await rest.next();
  }
}
