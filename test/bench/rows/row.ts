import type { Contender, Job } from '../measure/job.js';

/** The median of one figure of a measurement. */
export type Lookup = (job: Job, figure: string) => number;

export interface RowValues {
  readonly service: number;
  readonly llama?: number;
  readonly transformers?: number;
  /** Of another way of the service itself, named in the title. */
  readonly compared?: number;
  /** 0 to 1, of what the machine gives at most. */
  readonly limit?: number;
  /** What a decode step reads, for the notes. */
  readonly bytesPerToken?: Readonly<Partial<Record<Contender, number>>>;
}

export interface Row {
  /** By which it is chosen on the command line. */
  readonly name: string;
  readonly title: string;
  readonly unit: 'tokens/s' | 'tiles/s' | 's' | 'ms' | 'chunks';
  /** Rows of one list are measured together, all their processes taking turns. */
  readonly list: string;
  /** In the order of their turns. */
  readonly jobs: readonly Job[];
  /** What is divided by what is the title's to say. */
  readonly ratio?: (values: RowValues) => number;
  readonly target?: { readonly atLeast: number } | { readonly atMost: number };
  evaluate(lookup: Lookup): RowValues;
}

export const LIMITS: Job = { kind: 'limits' };

/** What is divided by what, where a row has a ratio. */
export const againstLlama = ({ service, llama = NaN }: RowValues) => service / llama;
export const againstTransformers = ({ service, transformers = NaN }: RowValues) =>
  service / transformers;
export const againstItself = ({ service, compared = NaN }: RowValues) => service / compared;
