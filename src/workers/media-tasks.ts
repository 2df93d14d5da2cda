import { MAX_SAMPLED_FRAMES } from '../config/limits.js';
import type { Ffmpeg } from '../media/find-ffmpeg.js';
import { sampleFrames } from '../media/sample-frames.js';
import { noDecodableFrame } from '../media/video-errors.js';
import { resizeImage } from '../vision/resize-image.js';
import type {
  TiledVideo,
  VideoSamplingRequest,
  TiledImage,
  TilingRequest,
} from '../engine/media-decoder.js';
import { type DecodeOptions, decodeImage } from '../media/decode-image.js';
import { planTiles } from '../vision/plan-tiles.js';
import { largestResize, tileImage, tileSquare } from '../vision/tile-image.js';

/**
 * Video -> frames -> one tile per frame. Each frame is resized as soon as it is decoded, so that only one is in memory
 * at full size.
 */
export async function sampleVideo(
  { path, processor, sampling, maxFrames }: VideoSamplingRequest,
  ffmpeg: Ffmpeg,
  maxDecodedPixels?: number,
): Promise<TiledVideo> {
  const startMs = performance.now();
  const limit = Math.min(maxFrames, MAX_SAMPLED_FRAMES);
  const { video, framesRequested, frames } = await sampleFrames(
    ...([ffmpeg, path, sampling, limit, maxDecodedPixels] as const),
  );
  const tiles: Uint8Array[] = [];
  const timestampsSeconds: number[] = [];
  let size: { width: number; height: number } | undefined;
  let tileMs = 0;
  for await (const frame of frames) {
    const tileStartMs = performance.now();
    tiles.push(resizeImage(frame, processor.tileSize, processor.resample).data);
    timestampsSeconds.push(frame.timestampSeconds);
    size ??= { width: frame.width, height: frame.height };
    tileMs += performance.now() - tileStartMs;
  }
  if (!size) throw noDecodableFrame();
  return {
    ...{ tiles, timestampsSeconds, ...size, framesRequested, tileMs },
    durationSeconds: video.durationSeconds,
    mediaDecodeMs: performance.now() - startMs - tileMs,
  };
}

/** Encoded image -> pixels -> tile plan -> tiles. `maxPixels` are those that the configuration permits. */
export async function decodeAndTileImage(
  request: TilingRequest & Pick<DecodeOptions, 'maxPixels'>,
): Promise<TiledImage> {
  const { file, page, maxPixels, geometry, detail, maxVisualTokens, layout } = request;
  const startMs = performance.now();
  const image = await decodeImage(file, {
    page,
    ...(maxPixels !== undefined && { maxPixels }),
    reduceFor: (fullSize) => largestResize(fullSize, geometry),
  });
  const decodedMs = performance.now();
  const tiled =
    layout === 'square'
      ? tileSquare(image, geometry, image.fullSize)
      : tileImage(image, planTiles(image.fullSize, geometry, detail, maxVisualTokens), geometry);
  return {
    ...tiled,
    ...{ isBlank: image.isBlank, page: image.page, pages: image.pages },
    mediaDecodeMs: decodedMs - startMs,
    tileMs: performance.now() - decodedMs,
  };
}
