import { MAX_DETECT_SHOTS_MS, MAX_TILE_IMAGE_MS, MAX_SAMPLE_VIDEO_MS } from '../config/limits.js';
import type { MediaDecoder } from '../engine/media-decoder.js';
import { createMediaWorker, type MediaWorkerOptions } from './media-worker-process.js';

export interface MediaWorkerDecoderOptions extends MediaWorkerOptions {
  /** Milliseconds for one picture, and for one clip; absent: the product's limits. */
  readonly timeoutMs?: number;
}

/** A decoder in two child processes: a picture takes a second at most and a clip minutes, so that none waits for the other. */
export function createMediaWorkerDecoder(options: MediaWorkerDecoderOptions): MediaDecoder {
  const { timeoutMs } = options;
  const pictures = createMediaWorker(options);
  const clips = createMediaWorker(options);
  // Before the first picture comes: a start takes longer than most pictures.
  pictures.start();
  return {
    tile: (request, turns) =>
      pictures.run({ type: 'tile', request }, timeoutMs ?? MAX_TILE_IMAGE_MS, turns),
    sampleVideo(request, turns) {
      const searchMs = request.sampling.mode === 'scene' ? MAX_DETECT_SHOTS_MS : 0;
      const limitMs = timeoutMs ?? MAX_SAMPLE_VIDEO_MS + searchMs;
      return clips.run({ type: 'sample-video', request }, limitMs, turns);
    },
    async close() {
      await Promise.all([pictures.close(), clips.close()]);
    },
  };
}
