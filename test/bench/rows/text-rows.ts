import type { Contender, Job } from '../measure/job.js';
import { type BenchShape, multiplyAddsPerToken } from '../models/bench-shapes.js';
import {
  againstItself,
  againstLlama,
  againstTransformers,
  LIMITS,
  type Lookup,
  type Row,
  type RowValues,
} from './row.js';

/** The context length of the batch rows and the transformers.js rows. */
export const CONTEXT = 770;
const STEPS = 24;
/** Rows of the small model are fast, so they have more steps. */
const DEMO_STEPS = 96;

export function text(
  contender: Contender,
  shape: BenchShape,
  promptTokens: number,
  { sequences = 1, flashAttention = false } = {},
): Job {
  const steps = shape === 'demo' ? DEMO_STEPS : STEPS;
  return {
    ...{ kind: 'text', contender, shape, promptTokens, steps, sequences },
    ...(flashAttention && { flashAttention }),
  };
}

/**
 * Prefill and decode of a shape at a length, compared with the better of llama.cpp with and without flash attention.
 */
export function textRows(
  shape: BenchShape,
  tokens: number,
  targets: { readonly prefill?: number; readonly decode?: number },
  { withTransformers = false, suffix = `${tokens}` } = {},
): Row[] {
  const service = text('service', shape, tokens);
  const peers = [
    text('llama', shape, tokens),
    text('llama', shape, tokens, { flashAttention: true }),
  ];
  const transformers = text('transformers', shape, tokens);
  const jobs = [service, ...peers, ...(withTransformers ? [transformers] : [])];
  const values = (lookup: Lookup, figure: string): RowValues => ({
    service: lookup(service, figure),
    llama: Math.max(...peers.map((peer) => lookup(peer, figure))),
    ...(withTransformers && { transformers: lookup(transformers, figure) }),
  });
  const common = { unit: 'tokens/s', list: shape, jobs, ratio: againstLlama } as const;
  return [
    {
      ...{ ...common, name: `prefill-${suffix}`, title: `${shape}: prefill, ${tokens} tokens` },
      ...(targets.prefill !== undefined && { target: { atLeast: targets.prefill } }),
      evaluate: (lookup) => {
        const speeds = values(lookup, 'prefillTps');
        const operations = 2 * multiplyAddsPerToken(shape, tokens) * speeds.service;
        return { ...speeds, limit: operations / lookup(LIMITS, 'int8OperationsPerSecond') };
      },
    },
    {
      ...{ ...common, name: `decode-${suffix}`, title: `${shape}: decode after ${tokens} tokens` },
      ...(targets.decode !== undefined && { target: { atLeast: targets.decode } }),
      evaluate: (lookup) => {
        const speeds = values(lookup, 'decodeTps');
        const bytes = (job: Job) =>
          lookup(job, 'weightBytesPerStep') + lookup(job, 'cacheBytesPerStep');
        return {
          ...speeds,
          limit: (bytes(service) * speeds.service) / lookup(LIMITS, 'bytesPerSecond'),
          bytesPerToken: {
            service: bytes(service),
            llama: bytes(peers[0]!),
            ...(withTransformers && { transformers: bytes(transformers) }),
          },
        };
      },
    },
  ];
}

export function sequenceRow(count: number): Row {
  const service = text('service', '2b', CONTEXT, { sequences: count });
  const alone = text('service', '2b', CONTEXT);
  const llama = text('llama', '2b', CONTEXT, { sequences: count });
  return {
    name: `sequences-${count}`,
    title: `2b: decode of ${count} sequences after ${CONTEXT} tokens, compared with 1 sequence`,
    ...{ unit: 'tokens/s', list: '2b', jobs: [alone, service, llama], ratio: againstItself },
    ...(count === 8 && { target: { atLeast: 3.5 } }),
    evaluate: (lookup) => ({
      service: lookup(service, 'decodeTps'),
      compared: lookup(alone, 'decodeTps'),
      llama: lookup(llama, 'decodeTps'),
    }),
  };
}

export function transformersRow(): Row {
  const [, decode] = textRows('2b', CONTEXT, {}, { withTransformers: true });
  return {
    ...decode!,
    name: 'decode-transformers',
    title: `2b: decode after ${CONTEXT} tokens, compared with transformers.js`,
    ratio: againstTransformers,
    target: { atLeast: 4 },
  };
}

export function memoryLimitRow(): Row {
  const [, decode] = textRows('2b', CONTEXT, {});
  return {
    ...decode!,
    name: 'decode-memory-limit',
    title: `2b: decode after ${CONTEXT} tokens, share of the memory bandwidth`,
    ratio: ({ limit = NaN }) => limit,
    target: { atLeast: 0.7 },
  };
}
