import { MAX_DETECT_SHOTS_MS, MAX_TILE_IMAGE_MS, MAX_SAMPLE_VIDEO_MS } from '../config/limits.js';
import type { MediaDecoder } from '../engine/media-decoder.js';
import { createMediaWorker, type MediaWorkerOptions } from './media-worker-process.js';

export interface MediaWorkerDecoderOptions extends MediaWorkerOptions {
  /** Time limit of one file. Undefined: MAX_TILE_IMAGE_MS and MAX_SAMPLE_VIDEO_MS. */
  readonly timeoutMs?: number;
}

/** A media decoder with a process for images and one for videos: an image takes up to a second, a video minutes. */
export function createMediaWorkerDecoder(options: MediaWorkerDecoderOptions): MediaDecoder {
  const { timeoutMs } = options;
  const images = createMediaWorker(options);
  const videos = createMediaWorker(options);
  // Started before the first request: a start takes longer than decoding most images.
  images.start();
  return {
    tile: (request, handle) =>
      images.run({ type: 'tile', request }, timeoutMs ?? MAX_TILE_IMAGE_MS, handle),
    sampleVideo(request, handle) {
      const searchMs = request.sampling.mode === 'scene' ? MAX_DETECT_SHOTS_MS : 0;
      const limitMs = timeoutMs ?? MAX_SAMPLE_VIDEO_MS + searchMs;
      return videos.run({ type: 'sample-video', request }, limitMs, handle);
    },
    async close() {
      await Promise.all([images.close(), videos.close()]);
    },
  };
}
