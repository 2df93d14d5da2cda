import type { ShotSearch } from '../media/find-shots.js';
import type { TimeRange } from '../media/frame-sampling.js';
import type { VideoOutline } from '../media/probe-video.js';
import type { Size } from '../vision/vision-geometry.js';
import type {
  TiledMedia,
  TiledVideo,
  TilingRequest,
  VideoSamplingRequest,
} from './media-decoder.js';

/** What a media worker is asked, one at a time. */
export type MediaWorkerTask =
  | { readonly type: 'tile'; readonly request: TilingRequest }
  | { readonly type: 'sample-video'; readonly request: VideoSamplingRequest }
  | { readonly type: 'inspect'; readonly path: string }
  | { readonly type: 'inspect-image'; readonly bytes: Uint8Array }
  | { readonly type: 'find-shots'; readonly path: string; readonly search: ShotSearch };

/** What each task gives. */
export interface MediaWorkerResults {
  readonly tile: TiledMedia;
  readonly 'sample-video': TiledVideo;
  readonly inspect: VideoOutline;
  readonly 'inspect-image': Size;
  readonly 'find-shots': readonly TimeRange[];
}

/** What a media worker answers. Errors travel as `SalamandraError.toJSON` writes them. */
export type MediaWorkerReply =
  | { readonly type: 'result'; readonly result: MediaWorkerResults[MediaWorkerTask['type']] }
  | { readonly type: 'error'; readonly error: unknown };
