import type { Configuration } from '../config/configuration.js';
import type {
  EngineEvent,
  EngineRequest,
  LoadProgress,
  ModelDescription,
} from './vision-language-engine.js';

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
