import type { HubSettings } from '../hub/hub-settings.js';
import type { OnPause } from '../hub/retry-policy.js';

/** What a pull tells while it works. */
export type PullEvent =
  | {
      readonly kind: 'model-found';
      /** As the hub spells it. */
      readonly repository: string;
      readonly commit: string;
      readonly licence: string;
    }
  | { readonly kind: 'size-known'; readonly downloadBytes: number; readonly packageBytes: number }
  | { readonly kind: 'progress'; readonly progress: PullProgress }
  | {
      readonly kind: 'waiting';
      readonly reason: 'hub-busy' | 'hub-broken' | 'hub-unreachable';
      readonly milliseconds: number;
    }
  /** Another process pulls the same model. */
  | { readonly kind: 'other-pull' };

/** Bytes are those of the weight files of the checkpoint; in `prepare` those of its small files. */
export interface PullProgress {
  readonly step: 'prepare' | 'download' | 'check' | 'convert' | 'finish';
  /** Which weight file, from 1, and of how many; 0 in `prepare`. */
  readonly file: number;
  readonly files: number;
  /** Those of earlier runs count. */
  readonly downloadedBytes: number;
  readonly convertedBytes: number;
  readonly totalBytes: number;
}

/** What has to be agreed to before a gated model is fetched. */
export interface ModelConditions {
  readonly repository: string;
  readonly licence: string;
  /** The model's page. */
  readonly address: string;
}

/** How a pull speaks with whoever asked for it. */
export interface PullContext {
  readonly onEvent: (event: PullEvent) => void;
  /** Asked once, before the weights of a gated model are fetched. */
  readonly accept: (conditions: ModelConditions) => Promise<boolean>;
  readonly hub: HubSettings;
  readonly signal: AbortSignal;
}

/** Tells of the pauses of downloads. */
export function createOnPause({ onEvent }: Pick<PullContext, 'onEvent'>): OnPause {
  return (reason, milliseconds) => onEvent({ kind: 'waiting', reason, milliseconds });
}
