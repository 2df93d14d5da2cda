import { existsSync } from 'node:fs';

import { followParent, sendToParent } from './fork-worker.js';
import { drawImageThumbnail, drawVideoThumbnail } from './draw-thumbnail.js';
import type { MediaWorkerReply, MediaWorkerResults, MediaWorkerTask } from './messages.js';
import { sampleVideo, decodeAndTileImage } from './media-tasks.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import type { EncodedFile } from '../media/byte-source.js';
import { readImageSize } from '../media/decode-image.js';
import { findFfmpegOnce } from '../media/find-ffmpeg.js';
import { detectShots } from '../media/detect-shots.js';
import { probeVideo } from '../media/probe-video.js';

/** Child process that decodes untrusted files: one task at a time, with a result or an error as the reply. */
followParent(endGroup);

process.on('message', (task: MediaWorkerTask) => {
  void run(task).then(
    (result) => reply({ type: 'result', result }),
    (error: unknown) => reply({ type: 'error', error: toPublicError(error).toJSON() }),
  );
});
reply({ type: 'ready' });

type Result = MediaWorkerResults[MediaWorkerTask['type']];

/** @throws STORAGE_UNAVAILABLE for a file that something else has removed: that is no fault of the file. */
async function run(task: MediaWorkerTask): Promise<Result> {
  try {
    return await decode(task);
  } catch (error) {
    const path = pathOf(task);
    if (path === undefined || existsSync(path)) throw error;
    throw new SalamandraError(
      'STORAGE_UNAVAILABLE',
      'The file of the request was removed from its folder before it was read. Send it again.',
      { cause: error },
    );
  }
}

/** Undefined for a file in memory. */
function pathOf(task: MediaWorkerTask): string | undefined {
  switch (task.type) {
    case 'tile':
      return toPath(task.request.file);
    case 'inspect-image':
    case 'image-thumbnail':
      return toPath(task.file);
    case 'sample-video':
      return task.request.path;
    case 'inspect':
    case 'video-thumbnail':
    case 'detect-shots':
      return task.path;
  }
}

function toPath(file: EncodedFile): string | undefined {
  return 'path' in file ? file.path : undefined;
}

async function decode(task: MediaWorkerTask): Promise<Result> {
  if (task.type === 'tile')
    return decodeAndTileImage({ ...task.request, maxPixels: task.maxPixels });
  if (task.type === 'inspect-image') return readImageSize(task.file, task);
  if (task.type === 'image-thumbnail') return drawImageThumbnail(task);
  const ffmpeg = await findFfmpegOnce();
  switch (task.type) {
    case 'sample-video':
      return sampleVideo(task.request, ffmpeg, task.maxDecodedPixels);
    case 'inspect': {
      const video = await probeVideo(ffmpeg, task.path);
      const { durationSeconds, width, height, frameRate, clockRestarts, timecode } = video;
      return { durationSeconds, width, height, frameRate, clockRestarts, timecode };
    }
    case 'video-thumbnail':
      return drawVideoThumbnail(ffmpeg, task, task.maxDecodedPixels);
    case 'detect-shots':
      return detectShots(
        ffmpeg,
        await probeVideo(ffmpeg, task.path),
        task.search,
        task.maxDecodedPixels,
      );
  }
}

/** Kills ffmpeg and this process, which leads the process group. The parent, which would do it, is gone. */
function endGroup(): void {
  try {
    process.kill(-process.pid, 'SIGKILL');
  } catch {
    process.exit(0);
  }
}

function reply(message: MediaWorkerReply): void {
  sendToParent(message);
}

function toPublicError(error: unknown): SalamandraError {
  return error instanceof SalamandraError
    ? error
    : new SalamandraError('INTERNAL', 'Internal error.', { cause: error });
}
