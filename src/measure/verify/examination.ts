import type { MeasuredPackage } from '../doctor/diagnose-model.js';

/** How deep two models are compared: what comes out of them, or what every layer passes on as well. */
export type ComparisonDepth = 'outputs' | 'layers';

/** What to do with a package, in a process of its own. */
export interface ExaminationTask {
  readonly packageDirectory: string;
  readonly threads: number;
  /** `measure`: speed alone. `record`: also answer the canned prompts and keep what led to it. `compare`: also follow a record. */
  readonly trace:
    | { readonly role: 'none' }
    | {
        readonly role: 'record' | 'compare';
        readonly folder: string;
        readonly depth: ComparisonDepth;
      };
}

export interface Examination extends MeasuredPackage {
  /** Of `compare` alone. */
  readonly comparison: Comparison | null;
}

/** How one model's answers to the canned prompts differ from the reference's, word for word along the reference's. */
export interface Comparison {
  /** Tokens that were predicted. */
  readonly positions: number;
  /** Of the next token's probabilities from the reference's, in nats. */
  readonly divergence: { readonly mean: number; readonly max: number };
  /** Share of the positions at which the likeliest token is the reference's. */
  readonly topAgreement: number;
  readonly prompts: readonly PromptComparison[];
  /** Relative errors of what a picture becomes; null for a model that reads text alone. */
  readonly pictureError: number | null;
  /** Relative errors of the residual stream after each layer, means over what was compared; null unless asked for. */
  readonly layerErrors: LayerErrors | null;
}

export interface PromptComparison {
  readonly language: string;
  readonly shows: 'picture' | 'nothing';
  readonly tokens: number;
  /** Tokens before the first that the model itself would have chosen otherwise: equal to `tokens` for the same answer. */
  readonly agreedTokens: number;
  readonly meanDivergence: number;
}

export interface LayerErrors {
  /** Empty for a model that reads text alone. */
  readonly tower: readonly number[];
  readonly decoder: readonly number[];
}
