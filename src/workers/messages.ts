import type { Configuration } from '../config/configuration.js';
import type {
  EngineEvent,
  EngineRequest,
  LoadProgress,
  ModelDescription,
} from '../engine/vision-language-engine.js';
import type { EncodedFile } from '../media/byte-source.js';
import type { ShotDetectionOptions } from '../media/detect-shots.js';
import type { TimeRange } from '../media/frame-sampling.js';
import type { VideoMetadata } from '../media/probe-video.js';
import type { Size } from '../vision/vision-geometry.js';
import type {
  TiledImage,
  TiledVideo,
  TilingRequest,
  VideoSamplingRequest,
} from '../engine/media-decoder.js';
import type { ScoredPrompt, ScoreTask } from '../measure/against/score-answers.js';
import type { VerifyResult, VerifyTask } from '../measure/verify/verify-result.js';

/** Configuration of an inference worker. */
export type WorkerConfiguration = Pick<Configuration, 'home' | 'model' | 'precision' | 'threads'> &
  Partial<
    Pick<
      Configuration,
      'memoryBytes' | 'cacheBytes' | 'diskCacheBytes' | 'sharesCache' | 'imagePixels'
    >
  >;

export type MessageToWorker =
  | { readonly type: 'load'; readonly configuration: WorkerConfiguration }
  | { readonly type: 'generate'; readonly id: number; readonly request: EngineRequest }
  | { readonly type: 'cancel'; readonly id: number };

export type MessageFromWorker =
  | { readonly type: 'progress'; readonly progress: LoadProgress }
  | { readonly type: 'ready'; readonly model: ModelDescription }
  /** The model cannot be loaded, and a restart would not help. */
  | { readonly type: 'unusable'; readonly error: unknown }
  /** The request was admitted. A crash from now on may be caused by it. */
  | { readonly type: 'started'; readonly id: number }
  | { readonly type: 'event'; readonly id: number; readonly event: EngineEvent }
  /** The last message of a request that finished or was cancelled. */
  | { readonly type: 'end'; readonly id: number }
  /** The last message of a request that failed. Errors are sent in the form of `SalamandraError.toJSON`. */
  | { readonly type: 'error'; readonly id: number; readonly error: unknown };

/** A task of a media worker. It receives one at a time. */
export type MediaWorkerTask =
  | { readonly type: 'tile'; readonly request: TilingRequest; readonly maxPixels: number }
  | ({ readonly type: 'sample-video'; readonly request: VideoSamplingRequest } & DecodingLimit)
  | { readonly type: 'inspect'; readonly path: string }
  | {
      readonly type: 'inspect-image';
      readonly file: EncodedFile;
      readonly page: number | undefined;
      readonly maxPixels: number;
    }
  | {
      readonly type: 'image-thumbnail';
      readonly file: EncodedFile;
      readonly page: number | undefined;
      readonly sidePixels: number;
      readonly maxPixels: number;
    }
  | ({
      readonly type: 'video-thumbnail';
      readonly path: string;
      readonly sidePixels: number;
    } & DecodingLimit)
  | ({
      readonly type: 'detect-shots';
      readonly path: string;
      readonly search: ShotDetectionOptions;
    } & DecodingLimit);

/** The lane in which a task runs limits the pixels that it may decode, by estimate. */
interface DecodingLimit {
  readonly maxDecodedPixels?: number;
}

/** Result type of each task. */
export interface MediaWorkerResults {
  readonly tile: TiledImage;
  readonly 'sample-video': TiledVideo;
  readonly inspect: VideoMetadata;
  readonly 'inspect-image': Size;
  readonly 'detect-shots': readonly TimeRange[];
  /** A WebP file. */
  readonly 'image-thumbnail': Uint8Array;
  readonly 'video-thumbnail': Uint8Array;
}

/** Reply of a media worker. Errors are sent in the form of `SalamandraError.toJSON`. */
export type MediaWorkerReply =
  /** First message, once the modules are loaded. */
  | { readonly type: 'ready' }
  | { readonly type: 'result'; readonly result: MediaWorkerResults[MediaWorkerTask['type']] }
  | { readonly type: 'error'; readonly error: unknown };

/** The only message to a verify worker. */
export type MessageToVerifyWorker =
  | { readonly type: 'verify'; readonly task: VerifyTask }
  | { readonly type: 'score'; readonly task: ScoreTask };

/** Result type of each message to a verify worker. */
export interface VerifyWorkerResults {
  readonly verify: VerifyResult;
  readonly score: readonly ScoredPrompt[];
}

export type MessageFromVerifyWorker =
  | { readonly type: 'progress'; readonly step: string }
  | { readonly type: 'result'; readonly result: VerifyWorkerResults[MessageToVerifyWorker['type']] }
  /** In the form of `SalamandraError.toJSON`. */
  | { readonly type: 'error'; readonly error: unknown };
