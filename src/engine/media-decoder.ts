import type { EncodedFile } from '../media/byte-source.js';
import type { FrameSampling } from '../media/frame-sampling.js';
import type { PagePosition } from '../media/page-range.js';
import type { ImageProcessorConfig } from '../models/package/manifest.js';
import type { Detail, TileLayout } from '../vision/plan-tiles.js';
import type { TiledImage as ImageTiles } from '../vision/tile-image.js';
import type { VisionGeometry } from '../vision/vision-geometry.js';
import type { RequestHandle } from './scheduling/queue-ticket.js';

export interface TilingRequest {
  /** The encoded file as received. Untrusted. */
  readonly file: EncodedFile;
  /** The page of a document, counted from 1. Undefined: the one that the format chooses. */
  readonly page?: number | undefined;
  readonly geometry: VisionGeometry;
  readonly detail: Detail;
  readonly maxVisualTokens: number;
  readonly layout: TileLayout;
}

export interface TiledImage extends ImageTiles, PagePosition {
  /** Whether the image shows one uniform color. */
  readonly isBlank: boolean;
  readonly mediaDecodeMs: number;
  readonly tileMs: number;
}

export interface VideoSamplingRequest {
  /** A local file with untrusted content. */
  readonly path: string;
  /** The model's preprocessing of frames. */
  readonly processor: ImageProcessorConfig;
  readonly sampling: FrameSampling;
  /** At least 1. If the sampling asks for more frames, `maxFrames` frames are spread over the same range. */
  readonly maxFrames: number;
}

export interface TiledVideo {
  /** One tile per frame, RGB, `height * width * 3` bytes each, resized without keeping the aspect ratio. */
  readonly tiles: readonly Uint8Array[];
  /** Presentation times of the sampled frames in seconds from the start, ascending. */
  readonly timestampsSeconds: readonly number[];
  /** Pixels of the frames after rotation. */
  readonly width: number;
  readonly height: number;
  /** `null` if neither the container nor the packets tell it. */
  readonly durationSeconds: number | null;
  /** Requested number of frames: more than `tiles` if the video has fewer frames or `maxFrames` is lower. */
  readonly framesRequested: number;
  readonly mediaDecodeMs: number;
  readonly tileMs: number;
}

/** Decodes files into tiles: one image and one video at a time, in the order of the fair queue. */
export interface MediaDecoder {
  /** @throws the media codes, CONTEXT_LENGTH_EXCEEDED; the signal's reason if it aborts. */
  tile(request: TilingRequest, handle: RequestHandle): Promise<TiledImage>;
  /** @throws the media codes, VIDEO_UNAVAILABLE; the signal's reason if it aborts. */
  sampleVideo(request: VideoSamplingRequest, handle: RequestHandle): Promise<TiledVideo>;
  close(): Promise<void>;
}
