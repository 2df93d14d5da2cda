import type { Configuration } from '../config/configuration.js';
import type {
  EngineEvent,
  EngineRequest,
  LoadProgress,
  ModelDescription,
} from '../engine/vision-language-engine.js';
import type { ShotSearch } from '../media/find-shots.js';
import type { TimeRange } from '../media/frame-sampling.js';
import type { VideoOutline } from '../media/probe-video.js';
import type { Size } from '../vision/vision-geometry.js';
import type {
  TiledMedia,
  TiledVideo,
  TilingRequest,
  VideoSamplingRequest,
} from '../engine/media-decoder.js';
import type { VerifyResult, VerifyTask } from '../measure/verify/verify-result.js';

/** What of the configuration decides which model a worker loads, and how. */
export type WorkerConfiguration = Pick<Configuration, 'home' | 'model' | 'precision' | 'threads'> &
  Partial<Pick<Configuration, 'memoryBytes' | 'cacheBytes' | 'diskCacheBytes' | 'sharesCache'>>;

export type MessageToWorker =
  | { readonly type: 'load'; readonly configuration: WorkerConfiguration }
  | { readonly type: 'generate'; readonly id: number; readonly request: EngineRequest }
  | { readonly type: 'cancel'; readonly id: number };

export type MessageFromWorker =
  | { readonly type: 'progress'; readonly progress: LoadProgress }
  | { readonly type: 'ready'; readonly model: ModelDescription }
  /** The model cannot be loaded, and a restart would not change that. */
  | { readonly type: 'unusable'; readonly error: unknown }
  /** The request waits no longer: a crash from now on may be its doing. */
  | { readonly type: 'started'; readonly id: number }
  | { readonly type: 'event'; readonly id: number; readonly event: EngineEvent }
  /** The request's last message: it is finished or was cancelled. */
  | { readonly type: 'end'; readonly id: number }
  /** The request's last message: it failed. Errors travel as `SalamandraError.toJSON` writes them. */
  | { readonly type: 'error'; readonly id: number; readonly error: unknown };

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

/** What the process that examines a package is told, once. */
export interface MessageToVerifyWorker {
  readonly task: VerifyTask;
}

export type MessageFromVerifyWorker =
  | { readonly type: 'progress'; readonly step: string }
  | { readonly type: 'result'; readonly result: VerifyResult }
  /** As `SalamandraError.toJSON` writes it. */
  | { readonly type: 'error'; readonly error: unknown };
