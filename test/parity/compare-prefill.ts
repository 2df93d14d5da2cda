import type { Sequence } from '../../src/decoder/decoder.js';
import { embedPositions } from '../../src/engine/cache-keyed-prompt.js';
import { prefillTo } from '../../src/engine/prefill.js';
import { runImmediately } from '../../src/engine/scheduling/scheduler.js';
import { planTiles } from '../../src/vision/plan-tiles.js';
import type { ConvertedModel } from '../tiny-model/converted-model.js';
import { casePrompt, embedTiles } from './compare-image.js';
import { measureDistance } from './measures.js';
import type { ParityCase, References } from './references.js';

/** The difference of the logits between a way to prefill a prompt and one prefill of all of it. */
export interface PrefillReport {
  readonly way: string;
  readonly positions: number;
  readonly maxAbs: number;
}

/** Positions of a small chunk. It divides no prompt length, so that the last chunk is shorter. */
const PIECE = 37;
/** Positions of the sequence in the batch that shares no prefix. Its cache grows more than once. */
const OTHER = 150;

/**
 * Prefills a prompt in several ways that must give the same logits: in production chunks, in small chunks, the text
 * after the image token by token, the same after a cached prefix, and the same in a batch with two other sequences, one
 * of which shares the prefix.
 */
export async function comparePrefill(
  model: ConvertedModel,
  references: References,
  one: ParityCase,
): Promise<PrefillReport[]> {
  const { decoder, tokenEmbeddings } = model;
  const chunks = casePrompt(model, one);
  const plan = planTiles(one, model.vision.geometry, one.detail, Infinity);
  const tiles = references.readTiles(one);
  const { prompt, features } = await embedTiles(model, { plan, tiles, chunks });
  const positions = prompt.length;
  const context = { decoder, tokenEmbeddings, features };
  const last = chunks.at(-1);
  if (last?.kind !== 'text')
    throw new RangeError('The prompt ends with an image. It must end with text.');
  const whole = decoder.createSequence();
  const expected = await prefillRest(whole);
  decoder.close(whole);
  if (!expected) throw new RangeError('The decoder returned no logits for the prompt.');

  const inPieces = decoder.createSequence();
  let hidden: Float32Array = new Float32Array();
  for (let start = 0; start < positions; start += PIECE) {
    const end = Math.min(start + PIECE, positions);
    const piece = embedPositions(prompt, start, end, features, tokenEmbeddings);
    hidden = await decoder.prefill(inPieces, piece);
  }
  const pieces = await decoder.logits([hidden]);
  decoder.close(inPieces);

  const stepwise = decoder.createSequence();
  await prefillRest(stepwise, positions - last.ids.length);
  const prefix = decoder.snapshotPrefix(stepwise, stepwise.length);
  const steps = await stepAll([stepwise]);
  decoder.close(stepwise);

  const behind = decoder.createSequence(prefix);
  const behindPrefix = await stepAll([behind]);
  decoder.close(behind);

  const reread = decoder.createSequence(prefix);
  const readBehind = await prefillRest(reread);
  decoder.close(reread);

  // The sequences differ in length: one has two tokens after the prefix, one has another text without the prefix.
  const batch = [
    decoder.createSequence(prefix),
    decoder.createSequence(prefix),
    decoder.createSequence(),
  ] as const;
  await decoder.prefill(batch[1], tokenEmbeddings.embed([last.ids[0]!, last.ids[0]!]));
  await decoder.prefill(batch[2], tokenEmbeddings.embed(repeat(last.ids, OTHER)));
  const batched = await stepAll([batch[1], batch[0], batch[2]], 1);
  for (const sequence of batch) decoder.close(sequence);

  const text = last.ids.length;
  return [
    report(`in pieces of ${PIECE}`, pieces[0]),
    report(`the last ${text} as steps`, steps),
    report(`the last ${text} at once behind a frozen prefix`, readBehind),
    report(`the last ${text} as steps behind a frozen prefix`, behindPrefix),
    report(`the last ${text} as steps beside two other sequences`, batched),
  ];

  /** Chunked prefill up to a position, as the engine does it. */
  function prefillRest(sequence: Sequence, end = positions) {
    return prefillTo(end, { sequence, prompt }, context, runImmediately);
  }

  /** Decodes the text token by token in every sequence. @returns the last logits of one of them */
  async function stepAll(sequences: readonly Sequence[], watched = 0) {
    let scores: Float32Array[] = [];
    for (const id of last?.kind === 'text' ? last.ids : []) {
      scores = await decoder.step(sequences.map((sequence) => ({ sequence, id })));
    }
    return scores[watched];
  }

  function report(way: string, actual: Float32Array | undefined): PrefillReport {
    const maxAbs = measureDistance(actual ?? [], expected ?? []).maxAbs;
    return { way, positions, maxAbs };
  }
}

function repeat(ids: readonly number[], length: number): number[] {
  return Array.from({ length }, (_, index) => ids[index % ids.length]!);
}
