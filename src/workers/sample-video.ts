import { MAX_SAMPLED_FRAMES } from '../config/limits.js';
import type { Ffmpeg } from '../media/find-ffmpeg.js';
import { sampleFrames } from '../media/sample-frames.js';
import { noDecodableFrame } from '../media/video-errors.js';
import { resizeBicubic } from '../vision/resize-bicubic.js';
import { hashFile } from '../media/hash-file.js';
import type { TiledVideo, VideoSamplingRequest } from '../engine/media-decoder.js';

/**
 * A clip -> its frames -> a tile of each. Each frame is squeezed to a tile as soon as it is read, so that one of them is in
 * memory at its own size. Runs in a media worker, where it may be killed.
 */
export async function sampleVideo(
  { path, geometry, sampling, maxFrames }: VideoSamplingRequest,
  ffmpeg: Ffmpeg,
): Promise<TiledVideo> {
  const startMs = performance.now();
  const limit = Math.min(maxFrames, MAX_SAMPLED_FRAMES);
  const { video, framesRequested, frames } = await sampleFrames(ffmpeg, path, sampling, limit);
  const tiles: Uint8Array[] = [];
  const timestampsSeconds: number[] = [];
  let size: { width: number; height: number } | undefined;
  let tileMs = 0;
  for await (const frame of frames) {
    const tileStartMs = performance.now();
    tiles.push(resizeBicubic(frame, geometry.imageProcessor.tileSize).data);
    timestampsSeconds.push(frame.timestampSeconds);
    size ??= { width: frame.width, height: frame.height };
    tileMs += performance.now() - tileStartMs;
  }
  if (!size) throw noDecodableFrame();
  const sha256 = await hashFile(path);
  return {
    ...{ tiles, timestampsSeconds, ...size, framesRequested: framesRequested, sha256, tileMs },
    durationSeconds: video.durationSeconds,
    mediaDecodeMs: performance.now() - startMs - tileMs,
  };
}
