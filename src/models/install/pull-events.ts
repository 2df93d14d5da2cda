import type { HubSettings } from '../hub/hub-settings.js';
import type { OnPause } from '../hub/retry-policy.js';

/** Progress events of a pull. */
export type PullEvent =
  | {
      readonly kind: 'model-found';
      /** `OWNER/NAME`. */
      readonly repository: string;
      readonly commit: string;
      readonly licence: string;
    }
  /** One of `ConversionPlan.notes`. */
  | { readonly kind: 'note'; readonly note: string }
  | { readonly kind: 'size-known'; readonly downloadBytes: number; readonly packageBytes: number }
  | { readonly kind: 'progress'; readonly progress: PullProgress }
  | {
      readonly kind: 'waiting';
      readonly reason: 'hub-busy' | 'hub-broken' | 'hub-unreachable';
      readonly milliseconds: number;
    }
  /** Waiting for another process that pulls the same model. */
  | { readonly kind: 'other-pull' };

/** Byte counts refer to the weight files; in the step `prepare`, to configuration and tokenizer. */
export interface PullProgress {
  readonly step: 'prepare' | 'download' | 'check' | 'convert' | 'finish';
  /** Number of the weight file, from 1 to `files`; 0 in `prepare`. */
  readonly file: number;
  readonly files: number;
  /** Including those of earlier runs. */
  readonly downloadedBytes: number;
  readonly convertedBytes: number;
  readonly totalBytes: number;
}

/** Conditions of a gated model. */
export interface ModelConditions {
  readonly repository: string;
  readonly licence: string;
  /** URL of the model page. */
  readonly address: string;
}

/** Callbacks, hub settings and abort signal of a pull. */
export interface PullContext {
  readonly onEvent: (event: PullEvent) => void;
  /**
   * Called once, before the weights of a gated model are downloaded. Resolves to whether the conditions are accepted.
   */
  readonly accept: (conditions: ModelConditions) => Promise<boolean>;
  readonly hub: HubSettings;
  readonly signal: AbortSignal;
}

/** Reports retry pauses as `waiting` events. */
export function createOnPause({ onEvent }: Pick<PullContext, 'onEvent'>): OnPause {
  return (reason, milliseconds) => onEvent({ kind: 'waiting', reason, milliseconds });
}
