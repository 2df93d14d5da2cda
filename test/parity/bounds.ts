import type { CountReport } from './compare-counts.js';
import type { ConversationReport } from './compare-conversation.js';
import type { PictureReport } from './compare-picture.js';
import type { Distance } from './measures.js';
import type { PrefillReport } from './compare-prefill.js';

/** What fp32 may differ from transformers: products are summed in another order, nothing else. */
export const MAX_FP32_DIFFERENCE = 2e-3;
/** Mean difference of a picture's tiles, of 255 levels: decoders round alpha differently. */
export const MAX_MEAN_LEVELS = 1;
/** Of the logits of int8 and those of transformers in fp32, all through a head of eight bits. */
export const MIN_INT8_COSINE = 0.995;
/**
 * The same as the product gives them: four bits a weight, eight for the 64 likeliest tokens. Blocks of 64 err by 9 % of a
 * row's size, which alone makes a cosine of 0.996; where a picture leaves the scores of all other tokens near zero, that is
 * more of them.
 */
export const MIN_INT8_HEAD_COSINE = 0.985;

/** Pillow subtracts CMYK inks from white; the service converts through a press profile, which looks right. */
const COLOUR_MANAGED: ReadonlySet<string> = new Set(['cmyk.jpg']);

/** The bounds that a picture breaks in fp32, in words. */
export function brokenBounds({ one, planEqual, countEqual, idsEqual, stages }: PictureReport) {
  const broken: string[] = [];
  const check = (isKept: boolean, name: string) => {
    if (!isKept) broken.push(name);
  };
  check(planEqual, 'tile choice');
  check(countEqual, 'token count');
  check(idsEqual, 'input ids');
  if (stages === null) return broken;

  const { pixels, pixelValues, fromReferenceTiles: same } = stages;
  check(pixels.meanAbs <= MAX_MEAN_LEVELS || COLOUR_MANAGED.has(one.picture), 'pixels');
  check(pixelValues.maxAbs <= 1e-6, 'pixel values');
  check(same.features.maxAbs <= MAX_FP32_DIFFERENCE, 'features');
  check(same.embeddings.maxAbs <= MAX_FP32_DIFFERENCE, 'embeddings');
  check(same.logits.maxAbs <= MAX_FP32_DIFFERENCE, 'logits');
  check(same.greedyEqual === one.greedyIds.length, 'greedy ids');
  return broken;
}

/** The bounds that a conversation breaks in fp32, in words. */
export function brokenConversationBounds(report: ConversationReport): string[] {
  const { features, embeddings, logits, logprobs, greedyEqual, one } = report;
  const isNear = (distance: Distance | null) => (distance?.maxAbs ?? 0) <= MAX_FP32_DIFFERENCE;
  const kept: [string, boolean][] = [
    ['token counts', report.countsEqual],
    ['input ids', report.idsEqual],
    ['tiles', report.tilesEqual],
    ['features', isNear(features)],
    ['embeddings', isNear(embeddings)],
    ['logits', isNear(logits)],
    ['logprobs', isNear(logprobs)],
    ['greedy ids', greedyEqual === one.greedyIds.length],
    ['the pipeline as a whole', report.pipelineEqual],
  ];
  return kept.flatMap(([name, isKept]) => (isKept ? [] : [name]));
}

export function isCountTableEqual({ different }: CountReport): boolean {
  return different === 0;
}

export function isPrefillEqual({ maxAbs }: PrefillReport): boolean {
  return maxAbs <= MAX_FP32_DIFFERENCE;
}
