import type { Contender, Job } from '../measure/job.js';

/** The figure of a measurement whose median is shown. */
export type Lookup = (job: Job, figure: string) => number;

export interface RowValues {
  readonly service: number;
  readonly llama?: number;
  readonly transformers?: number;
  /** The service in another configuration, named in the title. */
  readonly compared?: number;
  /** Share of the limit of the machine, 0 to 1. */
  readonly limit?: number;
  /** Bytes that a decode step reads, for the notes. */
  readonly bytesPerToken?: Readonly<Partial<Record<Contender, number>>>;
}

export interface Row {
  /** The name on the command line. */
  readonly name: string;
  readonly title: string;
  readonly unit: 'tokens/s' | 'tiles/s' | 's' | 'ms' | 'chunks' | 'pictures/h';
  /** The rows of a list are measured together: their processes alternate. */
  readonly list: string;
  /** In the order of measurement. */
  readonly jobs: readonly Job[];
  /** The title names the two figures of the ratio. */
  readonly ratio?: (values: RowValues) => number;
  readonly target?: { readonly atLeast: number } | { readonly atMost: number };
  evaluate(lookup: Lookup): RowValues;
}

export const LIMITS: Job = { kind: 'limits' };

/** The figures of a ratio. */
export const againstLlama = ({ service, llama = NaN }: RowValues) => service / llama;
export const againstTransformers = ({ service, transformers = NaN }: RowValues) =>
  service / transformers;
export const againstItself = ({ service, compared = NaN }: RowValues) => service / compared;
