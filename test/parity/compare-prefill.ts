import { createTensor, type FloatTensor } from '../../src/tensor/tensor.js';
import { planTiles } from '../../src/vision/plan-tiles.js';
import { casePrompt, embedTiles } from './compare-picture.js';
import { measureDistance } from './measures.js';
import type { ModelParts } from '../converted-model.js';
import type { ParityCase, References } from './references.js';

/** How far the logits of another way through the same prompt are from those of one prefill. */
export interface PrefillReport {
  readonly way: string;
  readonly positions: number;
  readonly maxAbs: number;
}

/** Positions of the small pieces: no divisor of any prompt length, so that the last piece is shorter. */
const PIECE = 37;
/** Positions that stand in a used cache before it is cut back; more than one step of its growth. */
const FORGOTTEN = 300;

/**
 * Reads one prompt in several ways that must come to the same: at once, in pieces, the text after the picture
 * token by token, and in a cache that is larger than it needs because something else was in it.
 */
export async function comparePrefill(
  model: ModelParts,
  references: References,
  one: ParityCase,
): Promise<PrefillReport[]> {
  const { decoder } = model;
  const chunks = casePrompt(model, one);
  const plan = planTiles(one, model.geometry, one.detail, Infinity);
  const tiles = references.readTiles(one);
  const { inputsEmbeds } = await embedTiles(model, { plan, tiles, chunks });
  const positions = inputsEmbeds.shape[0]!;
  const expected = await decoder.prefill(inputsEmbeds, decoder.createCache());

  const inPieces = decoder.createCache();
  let logits = expected;
  for (let start = 0; start < positions; start += PIECE) {
    logits = await decoder.prefill(slice(inputsEmbeds, start, start + PIECE), inPieces);
  }
  const reports = [report(`prefill in pieces of ${PIECE}`, logits)];

  const last = chunks.at(-1);
  if (last?.kind !== 'text') throw new RangeError('The prompt ends in a picture.');
  const stepwise = decoder.createCache();
  await decoder.prefill(slice(inputsEmbeds, 0, positions - last.ids.length), stepwise);
  for (const id of last.ids) logits = await decoder.decodeStep(id, stepwise);
  reports.push(report(`the last ${last.ids.length} as decode steps`, logits));

  const used = decoder.createCache();
  // A cut back to nothing would let the cache hand in no padding at all, so one shared position stays.
  await decoder.prefill(slice(inputsEmbeds, 0, 1), used);
  const other = createTensor([FORGOTTEN, inputsEmbeds.shape[1]!]);
  other.data.fill(1);
  await decoder.prefill(other, used);
  used.truncate(1);
  logits = await decoder.prefill(slice(inputsEmbeds, 1, positions), used);
  reports.push(report(`in a cache of ${used.capacity} that held something else`, logits));
  return reports;

  function report(way: string, actual: Float32Array): PrefillReport {
    return { way, positions, maxAbs: measureDistance(actual, expected).maxAbs };
  }
}

function slice({ shape, data }: FloatTensor, start: number, end: number): FloatTensor {
  const width = shape[1]!;
  const values = data.subarray(start * width, end * width);
  return { shape: [values.length / width, width], data: values };
}
