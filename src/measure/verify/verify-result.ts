import type { MeasuredPackage } from '../doctor/diagnose-model.js';
import type { ProcessorCaches } from '../doctor/measure-speed.js';

/** Work for one child process. */
export interface VerifyTask {
  readonly packageDirectory: string;
  readonly threads: number;
  /** Default: `warm`. */
  readonly caches?: ProcessorCaches;
  /**
   * `none` measures speed only. `record` also runs the sample prompts and writes a trace to `folder`. `compare` also
   * compares the model with the trace in `folder`.
   */
  readonly trace:
    { readonly role: 'none' } | { readonly role: 'record' | 'compare'; readonly folder: string };
}

export interface VerifyResult extends MeasuredPackage {
  /** `null` unless the role is `compare`. */
  readonly comparison: Comparison | null;
}

/** Differences from the reference on the sample prompts, along the reference's answers (teacher forcing). */
export interface Comparison {
  /** Number of compared next-token distributions. */
  readonly positions: number;
  /** KL(reference || model) of the next-token distributions, in nats. */
  readonly klDivergence: { readonly mean: number; readonly max: number };
  /** Share of positions with the same top-1 token, 0 to 1. */
  readonly top1Agreement: number;
  readonly prompts: readonly PromptComparison[];
  /** Relative error of the image features; `null` if the model has no vision encoder. */
  readonly imageFeatureError: number | null;
  /** Mean relative error of the residual stream after each layer. */
  readonly layerErrors: LayerErrors;
}

export interface PromptComparison {
  readonly language: string;
  readonly hasImage: boolean;
  readonly tokens: number;
  /** Tokens before the first different top-1 token. Equal to `tokens` if the greedy answer is the same. */
  readonly matchingTokens: number;
  readonly meanKlDivergence: number;
}

export interface LayerErrors {
  /** Empty if the model has no vision encoder. */
  readonly visionEncoder: readonly number[];
  readonly decoder: readonly number[];
}
