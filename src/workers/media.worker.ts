import { followParent, sendToParent } from './fork-worker.js';
import type { MediaWorkerReply, MediaWorkerResults, MediaWorkerTask } from './messages.js';
import { sampleVideo, decodeAndTileImage } from './media-tasks.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { readImageSize } from '../media/decode-image.js';
import { type Ffmpeg, findFfmpeg } from '../media/find-ffmpeg.js';
import { detectShots } from '../media/detect-shots.js';
import { probeVideo } from '../media/probe-video.js';

/** Child process that decodes untrusted files: one task at a time, with a result or an error as the reply. */
followParent(endGroup);

let found: Ffmpeg | undefined;

process.on('message', (task: MediaWorkerTask) => {
  void run(task).then(
    (result) => reply({ type: 'result', result }),
    (error: unknown) => reply({ type: 'error', error: toPublicError(error).toJSON() }),
  );
});

async function run(task: MediaWorkerTask): Promise<MediaWorkerResults[MediaWorkerTask['type']]> {
  if (task.type === 'tile')
    return decodeAndTileImage({ ...task.request, maxPixels: task.maxPixels });
  if (task.type === 'inspect-image') return readImageSize(task.file, task);
  // Searched again until it is found, because ffmpeg may be installed while the service runs.
  found ??= await findFfmpeg(process.env);
  switch (task.type) {
    case 'sample-video':
      return sampleVideo(task.request, found);
    case 'inspect': {
      const video = await probeVideo(found, task.path);
      const { durationSeconds, width, height, frameRate, clockRestarts, timecode } = video;
      return { durationSeconds, width, height, frameRate, clockRestarts, timecode };
    }
    case 'detect-shots':
      return detectShots(found, await probeVideo(found, task.path), task.search);
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
