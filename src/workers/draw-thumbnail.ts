import type { EncodedFile } from '../media/byte-source.js';
import { decodeImage } from '../media/decode-image.js';
import { encodeThumbnail } from '../media/encode-thumbnail.js';
import type { Ffmpeg } from '../media/find-ffmpeg.js';
import type { FrameSampling } from '../media/frame-sampling.js';
import { probeVideo } from '../media/probe-video.js';
import { sampleFrames } from '../media/sample-frames.js';
import { noDecodableFrame } from '../media/video-errors.js';
import type { Size } from '../vision/vision-geometry.js';

/** An image file, or a page of it. */
interface ImageSource {
  readonly file: EncodedFile;
  readonly page: number | undefined;
  /** Of the longer side of the thumbnail. */
  readonly sidePixels: number;
  /** Those that the configuration permits. */
  readonly maxPixels: number;
}

/** Pixels from which an image is reduced while it is read. */
const WHOLE_PIXELS = 4_000_000;

/** A WebP image of an image file. @throws the codes of `decodeImage` */
export async function drawImageThumbnail({
  file,
  page,
  sidePixels,
  maxPixels,
}: ImageSource): Promise<Uint8Array> {
  const image = await decodeImage(file, {
    ...{ page, maxPixels, wholePixels: WHOLE_PIXELS },
    reduceFor: (size) => fitInside(size, sidePixels),
  });
  return await encodeThumbnail(image, sidePixels);
}

function fitInside({ width, height }: Size, sidePixels: number): Size {
  const scale = Math.min(1, sidePixels / Math.max(width, height));
  return { width: Math.ceil(width * scale), height: Math.ceil(height * scale) };
}

/** Many videos start with a black frame. */
const VIDEO_SECONDS = 1;

/** A WebP image of a frame of a video. @throws the codes of `sampleFrames` */
export async function drawVideoThumbnail(
  ffmpeg: Ffmpeg,
  { path, sidePixels }: { readonly path: string; readonly sidePixels: number },
  maxPixels?: number,
): Promise<Uint8Array> {
  const { durationSeconds } = await probeVideo(ffmpeg, path);
  const startSeconds = Math.min(VIDEO_SECONDS, (durationSeconds ?? 0) / 2);
  const range = { startSeconds, endSeconds: null };
  const sampling: FrameSampling = { mode: 'uniform', frames: { count: 1 }, range };
  for await (const frame of (await sampleFrames(ffmpeg, path, sampling, 1, maxPixels)).frames) {
    return await encodeThumbnail(frame, sidePixels);
  }
  throw noDecodableFrame();
}
