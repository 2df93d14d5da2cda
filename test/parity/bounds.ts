import type { CountReport } from './compare-counts.js';
import type { ConversationReport } from './compare-conversation.js';
import type { ImageReport } from './compare-image.js';
import type { Distance } from './measures.js';
import type { PrefillReport } from './compare-prefill.js';

/** Maximum difference of fp32 values from transformers. Only the order of summation differs. */
export const MAX_FP32_DIFFERENCE = 2e-3;
/** The same for the tiny models of the matrix. The approximation of GELU instead of the exact one makes more. */
export const MAX_TINY_DIFFERENCE = 1e-4;
/** Maximum mean difference of an image's tiles, in levels of 255. Image decoders round alpha differently. */
export const MAX_MEAN_LEVELS = 1;
/** Minimum cosine of int8 logits, all through 8-bit head rows, and the fp32 logits of transformers. */
export const MIN_INT8_COSINE = 0.995;
/**
 * The same for the production head: 4-bit weights, and 8-bit rows for the top 64 tokens. The error of blocks of 64 is 9
 * % of a row's norm, which alone gives a cosine of 0.996. It weighs more if an image leaves the logits of all other
 * tokens near zero.
 */
export const MIN_INT8_HEAD_COSINE = 0.985;

/** Pillow converts CMYK by subtraction from white, the service through a color profile. */
const COLOUR_MANAGED: ReadonlySet<string> = new Set(['cmyk.jpg']);

/** The names of the bounds that an image breaks in fp32. */
export function brokenBounds({ one, planEqual, countEqual, idsEqual, stages }: ImageReport) {
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

/** The names of the bounds that a conversation breaks in fp32. */
export function brokenConversationBounds(
  report: ConversationReport,
  maxDifference = MAX_FP32_DIFFERENCE,
): string[] {
  const { features, embeddings, logits, logprobs, greedyEqual, one } = report;
  const isNear = (distance: Distance | null) => (distance?.maxAbs ?? 0) <= maxDifference;
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
