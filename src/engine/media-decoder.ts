import type { FrameSampling } from '../media/frame-sampling.js';
import type { Detail, TileLayout } from '../vision/plan-tiles.js';
import type { TiledImage } from '../vision/tile-image.js';
import type { VisionGeometry } from '../vision/vision-geometry.js';
import type { RequestHandle } from './scheduling/queue-ticket.js';

export interface TilingRequest {
  /** The encoded file, as received: not trusted. */
  readonly bytes: Uint8Array;
  readonly geometry: VisionGeometry;
  readonly detail: Detail;
  readonly maxVisualTokens: number;
  readonly layout: TileLayout;
}

export interface TiledMedia extends TiledImage {
  /** Of the encoded bytes, lower-case hex. */
  readonly sha256: string;
  readonly mediaDecodeMs: number;
  readonly tileMs: number;
}

export interface VideoSamplingRequest {
  /** A local file; its content is not trusted. */
  readonly path: string;
  readonly geometry: VisionGeometry;
  readonly sampling: FrameSampling;
  /** Frames that the caller can take, at least 1. Where more are wished, as many are spread over the same range. */
  readonly maxFrames: number;
}

export interface TiledVideo {
  /** RGB, `tileSize.height * tileSize.width * 3` bytes each: a frame each, squeezed to one tile, its shape not kept. */
  readonly tiles: readonly Uint8Array[];
  /** Seconds from the start of the clip, ascending, one for each tile: those of the frames, not those asked for. */
  readonly timestampsSeconds: readonly number[];
  /** Pixels of the upright frames. */
  readonly width: number;
  readonly height: number;
  /** null where neither the file says nor its packets. */
  readonly durationSeconds: number | null;
  /** What the sampling asked for; more than there are tiles where the clip or `maxFrames` has fewer. */
  readonly framesRequested: number;
  /** Of the file, lower-case hex. */
  readonly sha256: string;
  readonly mediaDecodeMs: number;
  readonly tileMs: number;
}

/** Turns encoded files into tiles: one picture at a time, and one clip beside it, each when it is the request's turn. */
export interface MediaDecoder {
  /** @throws the media codes, CONTEXT_LENGTH_EXCEEDED; the signal's reason when it aborts. */
  tile(request: TilingRequest, turns: RequestHandle): Promise<TiledMedia>;
  /** @throws the media codes, VIDEO_UNAVAILABLE; the signal's reason when it aborts. */
  sampleVideo(request: VideoSamplingRequest, turns: RequestHandle): Promise<TiledVideo>;
  close(): Promise<void>;
}
