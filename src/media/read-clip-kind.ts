import { open, stat } from 'node:fs/promises';

import { isAnimationFormat } from './animation/read-animation.js';
import { matchImageFormat } from './image-formats.js';
import { emptyFile, sniffVideoContainer, unsupportedFormat } from './sniff-media.js';
import { stillImage } from './video-errors.js';
import { MEDIA_HEAD_BYTES, type VideoContainer } from './video-formats.js';

/** How a file is read as a clip, and what changes with its content. */
interface ClipFile {
  /** ffmpeg's demuxer, or an animation that is read frame by frame. */
  readonly kind: VideoContainer | 'animation';
  readonly size: number;
  readonly version: string;
}

/**
 * Only regular files with a known signature are read.
 *
 * @throws MEDIA_EMPTY, UNSUPPORTED_MEDIA_TYPE
 */
export async function readClipKind(path: string): Promise<ClipFile> {
  // Opening a named pipe or a device could block forever.
  const { size, mtimeMs, ino } = await stat(path).then((status) =>
    status.isFile() ? status : Promise.reject(unsupportedFormat(new Uint8Array())),
  );
  if (size === 0) throw emptyFile();
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MEDIA_HEAD_BYTES));
    const head = buffer.subarray(0, bytesRead);
    return { kind: toKind(head), size, version: `${ino} ${size} ${mtimeMs}` };
  } finally {
    await handle.close();
  }
}

/** @throws UNSUPPORTED_MEDIA_TYPE */
function toKind(head: Uint8Array): VideoContainer | 'animation' {
  const container = sniffVideoContainer(head);
  if (container !== null) return container;
  const format = matchImageFormat(head);
  if (isAnimationFormat(format)) return 'animation';
  // An image sequence is a track of an ISO media file.
  if (format === 'avif') return 'mov';
  throw format === null ? unsupportedFormat(head) : stillImage();
}
