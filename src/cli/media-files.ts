import { type FileHandle, open } from 'node:fs/promises';
import { resolve } from 'node:path';

import { MAX_UPLOAD_BYTES } from '../config/limits.js';
import type { RequestMedia } from '../engine/vision-language-engine.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import type { FrameSampling } from '../media/frame-sampling.js';
import { MEDIA_HEAD_BYTES, sniffMediaKind } from '../media/sniff-media.js';
import type { MediaReport } from '../media/media-report.js';

/**
 * Takes a file that a user named: a picture into memory, a clip, of any size, where it lies. What is neither passes as a
 * picture, whose decoder refuses it with the right reason.
 *
 * @throws NOT_FOUND, INVALID_REQUEST for what is no plain file, MEDIA_TOO_LARGE for a picture
 */
export async function readMedia(path: string, sampling: FrameSampling): Promise<RequestMedia> {
  const file = await open(path).catch((cause: unknown) => {
    throw new SalamandraError('NOT_FOUND', 'The file cannot be read.', { cause });
  });
  try {
    const stat = await file.stat();
    if (!stat.isFile()) {
      const what = stat.isDirectory() ? 'This is a folder.' : 'This is not a file.';
      throw new SalamandraError('INVALID_REQUEST', what);
    }
    if (sniffMediaKind(await readHead(file)) === 'video') {
      return { kind: 'video', path: resolve(path), sampling };
    }
    if (stat.size > MAX_UPLOAD_BYTES) {
      throw new SalamandraError('MEDIA_TOO_LARGE', 'The file is too large.', {
        details: { bytes: stat.size, max_bytes: MAX_UPLOAD_BYTES },
      });
    }
    const bytes = Buffer.alloc(stat.size);
    await file.read(bytes, 0, stat.size, 0);
    return { kind: 'image', bytes };
  } finally {
    await file.close();
  }
}

async function readHead(file: FileHandle): Promise<Uint8Array> {
  const head = Buffer.alloc(MEDIA_HEAD_BYTES);
  const { bytesRead } = await file.read(head, 0, head.length, 0);
  return head.subarray(0, bytesRead);
}

/** What was made of a picture or a clip, in the words of the HTTP API. */
export function presentMedia(report: MediaReport): object {
  const { kind, sha256, width, height, visualTokens } = report;
  const common = { kind, sha256, width, height, visual_tokens: visualTokens };
  if (report.kind === 'image') return { ...common, tiles: report.tiles };
  return {
    ...common,
    duration_seconds: report.durationSeconds,
    frames: report.frames.map(({ timestampSeconds }) => timestampSeconds),
    frames_requested: report.framesRequested,
  };
}
