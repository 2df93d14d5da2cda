import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { resolve } from 'node:path';

import { MAX_IMAGE_BYTES, MAX_MEMORY_IMAGE_BYTES } from '../config/limits.js';
import type { RequestMedia } from './vision-language-engine.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { isAnimationFile } from '../media/animation/read-animation.js';
import {
  type AnimationUse,
  type FrameSampling,
  roundToMilliseconds,
} from '../media/frame-sampling.js';
import type { MediaReport } from '../media/media-report.js';
import type { MediaKind } from '../media/signatures.js';
import {
  emptyFile,
  sniffImageFormat,
  sniffMediaKind,
  unsupportedFormat,
} from '../media/sniff-media.js';
import { MEDIA_HEAD_BYTES } from '../media/video-formats.js';

/**
 * Checks that a file exists and begins like an image or a video, without reading more than its first bytes. It runs
 * before the model is loaded, which can take minutes.
 *
 * @throws NOT_FOUND, INVALID_REQUEST for a folder or device, MEDIA_EMPTY, UNSUPPORTED_MEDIA_TYPE, MEDIA_TOO_LARGE for
 *   an image.
 */
export async function checkMediaFile(path: string, animations: AnimationUse): Promise<MediaKind> {
  return await withMediaFile(path, animations, (_, { kind }) => Promise.resolve(kind));
}

/**
 * Loads a small image file into memory. A large one and a video, of any size, stay on disk.
 *
 * @param animations whether an image file with several frames is an image or a video.
 *
 * @throws as `checkMediaFile`.
 */
export async function openMedia(
  path: string,
  sampling: FrameSampling,
  animations: AnimationUse,
): Promise<RequestMedia> {
  return await withMediaFile(path, animations, async (file, { kind, size }) => {
    if (kind === 'video') return { kind, path: resolve(path), sampling };
    if (size > MAX_MEMORY_IMAGE_BYTES) return { kind, path: resolve(path) };
    const bytes = Buffer.alloc(size);
    await file.read(bytes, 0, size, 0);
    return { kind, bytes };
  });
}

/** Preprocessing result of a file, with the field names of the HTTP API. */
export function mediaJson(report: MediaReport): object {
  const { kind, sha256, width, height, visualTokens } = report;
  const common = { kind, sha256, width, height, visual_tokens: visualTokens };
  if (report.kind === 'image') {
    const { tiles, blank, page, pages } = report;
    return { ...common, tiles, blank, page, pages };
  }
  return {
    ...common,
    duration_seconds: report.durationSeconds && roundToMilliseconds(report.durationSeconds),
    frames: report.frames.map(({ timestampSeconds }) => roundToMilliseconds(timestampSeconds)),
    frames_requested: report.framesRequested,
  };
}

async function withMediaFile<T>(
  path: string,
  animations: AnimationUse,
  use: (file: FileHandle, checked: { kind: MediaKind; size: number }) => Promise<T>,
): Promise<T> {
  // Opening a named pipe would wait for a writer, and opening a device may act on it.
  checkRegular(await stat(path).catch(cannotOpen));
  // The file may have been replaced since.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(cannotOpen);
  try {
    const status = await file.stat();
    checkRegular(status);
    const kind = detectKind(await readHead(file));
    if (kind === 'image' && status.size > MAX_IMAGE_BYTES) {
      throw new SalamandraError(
        'MEDIA_TOO_LARGE',
        `The image file has ${status.size} bytes, and the limit is ${MAX_IMAGE_BYTES}. Reduce its resolution or quality.`,
        { details: { bytes: status.size, max_bytes: MAX_IMAGE_BYTES } },
      );
    }
    const isClip = kind === 'image' && animations === 'clip' && (await isAnimationFile({ path }));
    return await use(file, { kind: isClip ? 'video' : kind, size: status.size });
  } finally {
    await file.close();
  }
}

function cannotOpen(cause: unknown): never {
  const { code } = cause as NodeJS.ErrnoException;
  const message = code === 'ENOENT' ? 'No such file.' : 'The file cannot be opened.';
  throw new SalamandraError('NOT_FOUND', message, { cause });
}

function checkRegular(status: Stats): void {
  if (status.isDirectory()) {
    throw invalid('This is a folder. Name the files in it, for example FOLDER/*.jpg.');
  }
  if (status.isFIFO()) throw invalid('This is a named pipe. Name a regular file.');
  if (status.isSocket()) throw invalid('This is a socket. Name a regular file.');
  if (!status.isFile()) throw invalid('This is a device. Name a regular file.');
}

function detectKind(head: Uint8Array): MediaKind {
  if (head.length === 0) throw emptyFile();
  const kind = sniffMediaKind(head);
  // Throws for formats that are recognized by their brand and not supported, such as CR3.
  if (kind === 'image') sniffImageFormat(head);
  if (kind !== null) return kind;
  throw unsupportedFormat(head);
}

async function readHead(file: FileHandle): Promise<Uint8Array> {
  const head = Buffer.alloc(MEDIA_HEAD_BYTES);
  const { bytesRead } = await file.read(head, 0, head.length, 0);
  return head.subarray(0, bytesRead);
}

function invalid(message: string): SalamandraError {
  return new SalamandraError('INVALID_REQUEST', message);
}
