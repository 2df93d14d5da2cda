import type { ArchiveJob, Job } from '../measure/job.js';
import type { BenchShape, TowerShape } from '../models/bench-shapes.js';
import { againstItself, againstLlama, type Row } from './row.js';
import { CONTEXT, text } from './text-rows.js';

export const LANGUAGE_COUNTS = [1, 2, 4, 8];

type HowAsked = Extract<Job, { kind: 'languages' }>['how'];

export function tilesRow(shape: TowerShape, tiles: number): Row {
  const job = (precision: 'fp32' | 'int8'): Job => ({ kind: 'tiles', shape, precision, tiles });
  return {
    name: shape === 'so400m' ? `tiles-${tiles}` : `${shape}-tiles-${tiles}`,
    title: `${shape}: ${tiles} ${tiles === 1 ? 'tile' : 'tiles'}, int8 compared with fp32`,
    ...{ unit: 'tiles/s', list: shape, jobs: [job('int8'), job('fp32')], ratio: againstItself },
    ...(shape === 'so400m' && { target: { atLeast: 4 } }),
    evaluate: (lookup) => ({
      service: lookup(job('int8'), 'tilesPerSecond'),
      compared: lookup(job('fp32'), 'tilesPerSecond'),
    }),
  };
}

export function secondQuestionRow(detail: 'low' | 'high'): Row {
  const job: Job = { kind: 'second question', detail };
  return {
    name: `second-question-${detail}`,
    title: `2b: time to first token of a second question, detail ${detail}, compared with the first`,
    ...{ unit: 's', list: 'pictures', jobs: [job], ratio: againstItself, target: { atMost: 0.1 } },
    evaluate: (lookup) => ({
      service: lookup(job, 'secondMs') / 1e3,
      compared: lookup(job, 'firstMs') / 1e3,
    }),
  };
}

export function languagesJob(count: number, how: HowAsked): Job {
  return { kind: 'languages', count, how };
}

export function languagesRow(count: number, how: Exclude<HowAsked, 'one request'>): Row {
  const [together, apart] = [languagesJob(count, 'one request'), languagesJob(count, how)];
  const isMain = how === 'one by one, nothing kept';
  return {
    name: `languages-${count}${isMain ? '' : '-kept'}`,
    title: `2b: an image captioned in ${count} ${count === 1 ? 'language' : 'languages'}, one request compared with one per language, ${isMain ? 'without' : 'with'} caches`,
    ...{ unit: 's', list: 'pictures', jobs: [together, apart], ratio: againstItself },
    ...(isMain && count === 8 && { target: { atMost: 0.3 } }),
    evaluate: (lookup) => ({
      service: lookup(together, 'totalMs') / 1e3,
      compared: lookup(apart, 'totalMs') / 1e3,
    }),
  };
}

export function clientsRow(): Row {
  const job: Job = { kind: 'clients', clients: 4 };
  const reading = text('service', '2b', CONTEXT);
  return {
    name: 'clients-4',
    title: '2b: longest gap between two tokens with 4 clients, in prefill chunks',
    ...{ unit: 'chunks', list: 'pictures', jobs: [job, reading], target: { atMost: 2.5 } },
    ratio: ({ service }) => service,
    evaluate: (lookup) => ({
      service: lookup(job, 'longestGapMs') / lookup(reading, 'firstChunkMs'),
    }),
  };
}

export function demoRow(detail: 'low' | 'auto' | 'high'): Row {
  const job: Job = { kind: 'demo picture', detail };
  return {
    name: `demo-picture-${detail}`,
    title: `demo: time to first text of an image, detail ${detail}`,
    ...{ unit: 'ms', list: 'demo', jobs: [job] },
    evaluate: (lookup) => ({ service: lookup(job, 'firstTextMs') }),
  };
}

/** Rows of a list share their models, and the large ones are measured alone. */
export function captionedPictureRow(shape: BenchShape): Row {
  const job: Job = { kind: 'captioned picture', shape };
  return {
    name: `captioned-picture-${shape}`,
    title: `${shape}: one captioned picture, 40 tokens, detail auto`,
    ...{ unit: 's', list: shape === '2b' ? 'pictures' : shape, jobs: [job] },
    evaluate: (lookup) => ({ service: lookup(job, 'totalMs') / 1e3 }),
  };
}

/**
 * A job over pictures of one tile, 40 tokens for each language, compared with the same tokens through llama.cpp's
 * batch.
 */
export function archiveRow(shape: BenchShape, languages: number, parallel: number): Row {
  const job = (contender: ArchiveJob['contender']): ArchiveJob => ({
    ...{ kind: 'archive', contender, shape, languages, parallel },
    // The batch is full for half of the run at least.
    pictures: Math.max(shape === '7b' ? 4 : 8, 2 * parallel),
  });
  const isMain = shape === '2b' && parallel === 8;
  const target = isMain ? { 1: 2.2, 8: 3 }[languages] : undefined;
  return {
    name: `archive-${shape}-${languages}-${parallel}`,
    title: `${shape}: archive job, detail low, ${languages} ${languages === 1 ? 'language' : 'languages'}, ${parallel} ${parallel === 1 ? 'item' : 'items'} at a time`,
    ...{ unit: 'pictures/h', list: `archive ${shape}`, ratio: againstLlama },
    jobs: [job('service'), job('llama')],
    ...(target !== undefined && { target: { atLeast: target } }),
    evaluate: (lookup) => ({
      service: lookup(job('service'), 'picturesPerHour'),
      llama: lookup(job('llama'), 'picturesPerHour'),
    }),
  };
}
