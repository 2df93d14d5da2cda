import type { Detail } from '../vision/plan-tiles.js';
import type { TiledImage } from '../vision/tile-image.js';
import type { VisionGeometry } from '../vision/vision-geometry.js';

export interface TilingRequest {
  /** The encoded file, as received: not trusted. */
  readonly bytes: Uint8Array;
  readonly geometry: VisionGeometry;
  readonly detail: Detail;
  readonly maxVisualTokens: number;
}

export interface TiledMedia extends TiledImage {
  /** Of the encoded bytes, lower-case hex. */
  readonly sha256: string;
  readonly decodeMediaMs: number;
  readonly tileMs: number;
}

/** Turns encoded files into tiles, one after another. */
export interface MediaDecoder {
  /** @throws the media codes, CONTEXT_LENGTH_EXCEEDED; the signal's reason when it aborts. */
  tile(request: TilingRequest, signal?: AbortSignal): Promise<TiledMedia>;
  close(): Promise<void>;
}
