import type { TileGrid } from '../vision/vision-geometry.js';
import type { PagePosition } from './page-range.js';

/** Result of image preprocessing, as reported to the client. */
interface ImageReport extends PagePosition {
  readonly kind: 'image';
  readonly width: number;
  readonly height: number;
  readonly tiles: number;
  readonly grid: TileGrid | null;
  readonly visualTokens: number;
  /** Whether the image shows one uniform color, so that texts about it describe nothing. */
  readonly blank: boolean;
  /** SHA-256 of the encoded file, lower-case hex. */
  readonly sha256: string;
}

/** Result of frame sampling, as reported to the client. */
interface VideoReport {
  readonly kind: 'video';
  /** Pixels of the frames after rotation. */
  readonly width: number;
  readonly height: number;
  /** `null` if the container has no duration. */
  readonly durationSeconds: number | null;
  /** The frames that the vision encoder receives. */
  readonly frames: readonly { readonly timestampSeconds: number }[];
  /** Larger than the number of `frames` if the context window or the video is too short for all of them. */
  readonly framesRequested: number;
  readonly visualTokens: number;
  /** SHA-256 of the encoded file, lower-case hex. */
  readonly sha256: string;
}

/** Preprocessing result of one image or video. */
export type MediaReport = ImageReport | VideoReport;
