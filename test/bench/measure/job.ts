import type { BenchModel, BenchShape, TowerShape } from '../models/bench-shapes.js';

export type Contender = 'service' | 'llama' | 'transformers';

/** A measurement, which runs in a process of its own. */
export type Job =
  /** The limits of the machine: memory bandwidth and arithmetic. */
  | { readonly kind: 'limits' }
  /** Each sequence prefills a prompt, then all decode in one batch. */
  | {
      readonly kind: 'text';
      readonly contender: Contender;
      readonly shape: BenchShape;
      readonly promptTokens: number;
      readonly steps: number;
      readonly sequences: number;
      /** For llama.cpp, whose prefill and decode differ in which is faster. */
      readonly flashAttention?: boolean;
    }
  /** Encodes tiles with the vision graph. */
  | {
      readonly kind: 'tiles';
      readonly shape: TowerShape;
      readonly precision: 'fp32' | 'int8';
      readonly tiles: number;
    }
  /** Asks two questions about one image, one after the other. */
  | { readonly kind: 'second question'; readonly detail: 'low' | 'high' }
  /** Captions one image in several languages: in one request, or one by one, with or without the caches. */
  | {
      readonly kind: 'languages';
      readonly count: number;
      readonly how: 'one request' | 'one by one' | 'one by one, nothing kept';
    }
  /** Serves several clients at once. */
  | { readonly kind: 'clients'; readonly clients: number }
  /** Captions an image with the bundled model. */
  | { readonly kind: 'demo picture'; readonly detail: 'low' | 'auto' | 'high' }
  /** Captions an image in one language, 40 tokens at detail auto. */
  | { readonly kind: 'captioned picture'; readonly shape: BenchShape }
  | ArchiveJob;

/** Captions pictures of one tile in each language, 40 tokens each, several at a time. */
export interface ArchiveJob {
  readonly kind: 'archive';
  readonly contender: Exclude<Contender, 'transformers'>;
  readonly shape: BenchShape;
  readonly languages: number;
  /** Items in work at the same time; for llama.cpp, sequences of its batch. */
  readonly parallel: number;
  readonly pictures: number;
}

/** Figures by name: times in milliseconds, speeds per second, and always `peakBytes` of memory. */
export type Figures = Readonly<Record<string, number>>;

export interface Assignment {
  readonly job: Job;
  readonly home: string;
  readonly threads: number;
}

/** The model files that a measurement reads. */
export function modelsOf(job: Job): BenchModel[] {
  if (job.kind === 'limits') return [];
  if (job.kind === 'tiles')
    return [{ format: 'package', shape: job.shape, precision: job.precision }];
  if (job.kind === 'demo picture') return [servicePackage('demo')];
  if (job.kind === 'captioned picture') return [servicePackage(job.shape)];
  if (job.kind !== 'text' && job.kind !== 'archive') return [servicePackage('2b')];
  if (job.contender === 'service') return [servicePackage(job.shape)];
  return [{ format: job.contender === 'llama' ? 'gguf' : 'onnx-export', shape: job.shape }];
}

/** The precision with the fastest prefill and decode. */
export function servicePackage(shape: BenchShape): BenchModel {
  return { format: 'package', shape, precision: 'mixed' };
}
