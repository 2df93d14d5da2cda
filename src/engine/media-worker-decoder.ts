import { MAX_FIND_SHOTS_MS, MAX_MEDIA_MS, MAX_SAMPLE_VIDEO_MS } from '../config/limits.js';
import type { MediaDecoder } from './media-decoder.js';
import { createMediaWorker, type MediaWorkerOptions } from './media-worker-process.js';

export interface MediaWorkerDecoderOptions extends MediaWorkerOptions {
  /** Milliseconds for one picture, and for one clip; absent: the product's limits. */
  readonly timeoutMs?: number;
}

/** A decoder in a child process. */
export function createMediaWorkerDecoder(options: MediaWorkerDecoderOptions): MediaDecoder {
  const { timeoutMs } = options;
  const worker = createMediaWorker(options);
  // Before the first picture comes: a start takes longer than most pictures.
  worker.start();
  return {
    tile: (request, signal) =>
      worker.run({ type: 'tile', request }, timeoutMs ?? MAX_MEDIA_MS, signal),
    sampleVideo(request, signal) {
      const searchMs = request.sampling.mode === 'scene' ? MAX_FIND_SHOTS_MS : 0;
      const limitMs = timeoutMs ?? MAX_SAMPLE_VIDEO_MS + searchMs;
      return worker.run({ type: 'sample-video', request }, limitMs, signal);
    },
    close: () => worker.close(),
  };
}
