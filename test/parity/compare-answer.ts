import type { CacheKeyedPrompt } from '../../src/engine/cache-keyed-prompt.js';
import { prefillTo } from '../../src/engine/prefill.js';
import { runImmediately } from '../../src/engine/scheduling/scheduler.js';
import type { FloatTensor } from '../../src/tensor/tensor.js';
import type { ChatModel } from '../tiny-model/converted-model.js';
import { type Distance, measureDistance, sample } from './measures.js';
import type { AnswerReference, References } from './references.js';

export interface AnswerReport {
  /** Logits after the prompt, through the 8-bit rows if the head is quantized. */
  readonly logits: Distance;
  /** Logits after the prompt, through the production head. */
  readonly headLogits: Distance;
  /** Number of equal greedy token ids before the first difference. */
  readonly greedyEqual: number;
}

/** A prompt and the features of its images and videos by key. */
export interface PromptInput {
  readonly prompt: CacheKeyedPrompt;
  readonly features: ReadonlyMap<string, FloatTensor>;
}

/** Prefills a prompt and decodes greedily for as many tokens as the reference has, past any end token. */
export async function compareAnswer(
  { decoder, tokenEmbeddings, int8HeadLogits }: ChatModel,
  references: Pick<References, 'read'>,
  reference: AnswerReference,
  { prompt, features }: PromptInput,
): Promise<AnswerReport & { readonly firstLogits: Float32Array }> {
  const sequence = decoder.createSequence();
  const context = { decoder, tokenEmbeddings, features };
  const firstLogits =
    (await prefillTo(prompt.length, { sequence, prompt }, context, runImmediately)) ??
    new Float32Array();
  const [int8Logits = firstLogits] = int8HeadLogits() ?? [];
  const ids: number[] = [];
  for (let scores = firstLogits; ids.length < reference.greedyIds.length;) {
    const id = indexOfLargest(scores);
    ids.push(id);
    [scores = new Float32Array()] = await decoder.step([{ sequence, id }]);
  }
  decoder.close(sequence);
  return {
    firstLogits,
    logits: compareLogits(references, reference, int8Logits),
    headLogits: compareLogits(references, reference, firstLogits),
    greedyEqual: countEqual(reference.greedyIds, ids),
  };
}

/** The number of equal ids before the first difference. */
export function countEqual(expected: readonly number[], ids: readonly number[]): number {
  const firstDifferent = expected.findIndex((id, i) => id !== ids[i]);
  return firstDifferent < 0 ? expected.length : firstDifferent;
}

export function isSameIds(ids: readonly number[], { inputIds }: AnswerReference): boolean {
  const expected = inputIds.flatMap(([id, times]) => Array.from({ length: times }, () => id));
  return expected.length === ids.length && expected.every((id, i) => id === ids[i]);
}

/** The reference stores every k-th logit and the highest ones. */
function compareLogits(
  references: Pick<References, 'read'>,
  { topIds, topLogits, logits: stored }: AnswerReference,
  logits: Float32Array,
): Distance {
  const top = topIds.map((id) => logits[id]!);
  return measureDistance(
    [...sample(logits, stored.stride), ...top],
    [...references.read(stored), ...topLogits],
  );
}

function indexOfLargest(values: Float32Array): number {
  let best = 0;
  values.forEach((value, i) => {
    if (value > values[best]!) best = i;
  });
  return best;
}
