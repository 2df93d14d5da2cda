import {
  DEFAULT_IMAGE_PIXELS,
  MAX_DETECT_SHOTS_MS,
  MAX_SAMPLE_VIDEO_MS,
  MAX_TILE_IMAGE_MS,
  MAX_TILE_IMAGE_MS_PER_MEGAPIXEL,
  MAX_WHOLE_IMAGE_PIXELS,
} from '../config/limits.js';
import type { MediaDecoder } from '../engine/media-decoder.js';
import { createMediaLanes } from './media-lanes.js';
import { createMediaWorkers, type MediaWorkerOptions } from './media-worker-process.js';

export interface MediaWorkerDecoderOptions extends MediaWorkerOptions {
  /** Time limit of one file. Undefined: MAX_TILE_IMAGE_MS and MAX_SAMPLE_VIDEO_MS. */
  readonly timeoutMs?: number;
  /** Pixels of an image. Undefined: DEFAULT_IMAGE_PIXELS. */
  readonly maxPixels?: number | undefined;
}

/** A media decoder with a process for images and others for videos: an image takes up to a second, a video minutes. */
export function createMediaWorkerDecoder(options: MediaWorkerDecoderOptions): MediaDecoder {
  const { timeoutMs, maxPixels = DEFAULT_IMAGE_PIXELS } = options;
  const tileMs = timeoutMs ?? tileImageMs(maxPixels);
  const images = createMediaWorkers(options);
  const videos = createMediaLanes(options);
  // Started before the first request: a start takes longer than decoding most images.
  images.start();
  return {
    tile: (request, handle) => images.run({ type: 'tile', request, maxPixels }, tileMs, handle),
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

/** Time limit of an image in milliseconds: it grows with the pixels that are permitted, not with those of the image. */
function tileImageMs(maxPixels: number): number {
  const megapixels = Math.max(0, maxPixels - MAX_WHOLE_IMAGE_PIXELS) / 1e6;
  return MAX_TILE_IMAGE_MS + megapixels * MAX_TILE_IMAGE_MS_PER_MEGAPIXEL;
}
