import type { BenchModel, BenchShape } from '../models/bench-shapes.js';

export type Contender = 'service' | 'llama' | 'transformers';

/** One measurement, in a process of its own. */
export type Job =
  /** What the machine can do at most. */
  | { readonly kind: 'limits' }
  /** A prompt is read by each of the sequences, then all write side by side. */
  | {
      readonly kind: 'text';
      readonly contender: Contender;
      readonly shape: BenchShape;
      readonly promptTokens: number;
      readonly steps: number;
      readonly sequences: number;
      /** Of llama.cpp, which is faster with it in one thing and without it in another. */
      readonly flashAttention?: boolean;
    }
  /** The vision graph over some tiles. */
  | { readonly kind: 'tiles'; readonly precision: 'fp32' | 'int8'; readonly tiles: number }
  /** Two questions about one picture, one after the other. */
  | { readonly kind: 'second question'; readonly detail: 'low' | 'high' }
  /** One picture in several languages: in one request, or one by one, with or without what is kept between requests. */
  | {
      readonly kind: 'languages';
      readonly count: number;
      readonly how: 'one request' | 'one by one' | 'one by one, nothing kept';
    }
  /** Several clients at once. */
  | { readonly kind: 'clients'; readonly clients: number }
  /** A picture through the engine of the bundled model. */
  | { readonly kind: 'demo picture'; readonly detail: 'low' | 'auto' | 'high' };

/** What a measurement found, by name; times in milliseconds, speeds per second, `peakBytes` of memory always. */
export type Figures = Readonly<Record<string, number>>;

export interface Assignment {
  readonly job: Job;
  readonly home: string;
  readonly threads: number;
}

/** What a measurement reads. */
export function modelsOf(job: Job): BenchModel[] {
  if (job.kind === 'limits') return [];
  if (job.kind === 'tiles')
    return [{ format: 'package', shape: 'so400m', precision: job.precision }];
  if (job.kind === 'demo picture') return [servicePackage('demo')];
  if (job.kind !== 'text') return [servicePackage('2b')];
  if (job.contender === 'service') return [servicePackage(job.shape)];
  return [{ format: job.contender === 'llama' ? 'gguf' : 'onnx-export', shape: job.shape }];
}

/** The precision that reads and writes fastest. */
export function servicePackage(shape: BenchShape): BenchModel {
  return { format: 'package', shape, precision: 'mixed' };
}
