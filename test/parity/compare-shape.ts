import { toCacheKeyedPrompt } from '../../src/engine/cache-keyed-prompt.js';
import { encodeTiledMedia } from '../../src/engine/encode-media.js';
import { prefillTo } from '../../src/engine/prefill.js';
import { runImmediately } from '../../src/engine/scheduling/scheduler.js';
import type { PromptSegment } from '../../src/language/build-prompt.js';
import { createTensor, type FloatTensor } from '../../src/tensor/tensor.js';
import { encodeTiles } from '../../src/vision/encode-tiles.js';
import { normalizeTiles } from '../../src/vision/normalize-tiles.js';
import { planTiles } from '../../src/vision/plan-tiles.js';
import { phaseOf, ringValue } from '../hub/synthetic-values.js';
import type { Network } from '../tiny-model/converted-model.js';
import { type Distance, measureDistance, measureSampled, sample } from './measures.js';
import type {
  AnswersReference,
  LogitsReference,
  ShapePrompt,
  ShapeReferences,
} from './shape-references.js';

/** The results of a converted model. */
export interface Answers {
  readonly features: FloatTensor | null; // [1, patches, hidden]
  /** Logits `[vocabulary]` after the prompt and after each step, through the 8-bit rows if the head is quantized. */
  readonly logits: readonly Float32Array[];
  /** The same through the production head. */
  readonly headLogits: readonly Float32Array[];
}

export interface StageDistance {
  readonly features: Distance | null;
  /** The largest difference and the smallest cosine of all positions. */
  readonly logits: Distance;
}

export interface AnswersDistance extends StageDistance {
  /** Answers whose first choice is the same. */
  readonly sameFirst: number;
  readonly answers: number;
}

export interface HeadDistance {
  readonly scores: Distance;
  /** Answers whose first choice is the same. */
  readonly sameFirst: number;
  readonly answers: number;
}

const MIDDLE_LEVEL = 127.5;
const LEVEL_SPREAD = 50;

/** Runs the prompt of a case through the production code. */
export async function answerShape(model: Network, one: ShapePrompt): Promise<Answers> {
  const { beforeTile, afterTile, steps } = one.ids;
  const chunks: PromptSegment[] = [{ kind: 'text', ids: beforeTile }];
  let features: FloatTensor | null = null;
  const byKey = new Map<string, FloatTensor>();
  if (one.vision && model.vision) {
    const side = one.vision.image;
    const tile = drawTile(side);
    const { geometry, graph } = model.vision;
    const plan = planTiles({ width: side, height: side }, geometry, 'low', Infinity);
    features = await encodeTiles(graph, normalizeTiles([tile], geometry.imageProcessor));
    const image = { kind: 'image' as const, tiles: [tile], plan };
    byKey.set('image', await encodeTiledMedia(image, model.vision, runImmediately));
    chunks.push({ kind: 'image', index: 0 }, { kind: 'text', ids: afterTile });
  }
  const image = [...byKey].map(([key, { shape }]) => ({ key, visualTokens: shape[0]! }));
  const prompt = toCacheKeyedPrompt(chunks, { image, video: [] });
  const { decoder, tokenEmbeddings } = model;
  const sequence = decoder.createSequence();
  const context = { decoder, tokenEmbeddings, features: byKey };
  const first = await prefillTo(prompt.length, { sequence, prompt }, context, runImmediately);
  const headLogits = [first!];
  const logits = [...(model.int8HeadLogits() ?? headLogits)];
  for (const id of steps) {
    const scores = await decoder.step([{ sequence, id }]);
    headLogits.push(...scores);
    logits.push(...(model.int8HeadLogits() ?? scores));
  }
  if (sequence.length !== one.positions)
    throw new RangeError('The length of the prompt differs from that of the reference.');
  return { features, logits, headLogits };
}

/** Compares the results with a reference. */
export function measureAnswers(
  actual: Answers,
  expected: AnswersReference,
  references: ShapeReferences,
): AnswersDistance {
  const logits = expected.logits.map((row, index) =>
    measureLogits(actual.logits[index]!, row, references),
  );
  const { features } = expected;
  const [patches, hidden] = actual.features?.shape.slice(1) ?? [0, 0];
  return {
    features:
      features &&
      measureSampled(
        createTensor([patches!, hidden!], actual.features!.data),
        features,
        references.read(features),
      ),
    logits: widest(logits),
    sameFirst: actual.logits.filter(
      (row, index) => highest(row) === expected.logits[index]!.topIds[0],
    ).length,
    answers: logits.length,
  };
}

/** Compares the production head with its own 8-bit rows, from the same hidden states. */
export function measureHead({ logits, headLogits }: Answers): HeadDistance {
  return {
    scores: widest(logits.map((row, index) => measureDistance(headLogits[index]!, row))),
    sameFirst: logits.filter((row, index) => highest(row) === highest(headLogits[index]!)).length,
    answers: logits.length,
  };
}

/** Compares two references at the values that both store. */
export function measureReferences(
  actual: AnswersReference,
  expected: AnswersReference,
  references: ShapeReferences,
): StageDistance {
  const { read } = references;
  const logits = actual.logits.map((row, index) =>
    measureDistance(read(row.sample), read(expected.logits[index]!.sample)),
  );
  return {
    features:
      actual.features &&
      expected.features &&
      measureDistance(read(actual.features), read(expected.features)),
    logits: widest(logits),
  };
}

/** Compares the stored samples, the highest logits, and the mean and root mean square of all. */
function measureLogits(
  actual: Float32Array,
  expected: LogitsReference,
  { read }: ShapeReferences,
): Distance {
  if (actual.length !== expected.length) throw new RangeError('The vocabulary sizes differ.');
  const { stride } = expected.sample;
  const sampled = measureDistance(sample(actual, stride), read(expected.sample));
  const top = measureDistance(
    expected.topIds.map((id) => actual[id]!),
    expected.topLogits,
  );
  let [sum, squares] = [0, 0];
  for (const value of actual) {
    sum += value;
    squares += value * value;
  }
  const figures = [
    sum / actual.length - expected.mean,
    Math.sqrt(squares / actual.length) - expected.rootMeanSquare,
  ];
  return {
    maxAbs: Math.max(sampled.maxAbs, top.maxAbs, ...figures.map(Math.abs)),
    cosine: sampled.cosine,
  };
}

function widest(distances: readonly Distance[]): Distance {
  return {
    maxAbs: Math.max(...distances.map(({ maxAbs }) => maxAbs)),
    cosine: Math.min(...distances.map(({ cosine }) => cosine)),
  };
}

function highest(row: Float32Array): number {
  return row.reduce((best, value, id) => (value > row[best]! ? id : best), 0);
}

/** Color noise [side, side, 3]: the tile of models/training/synthetic_values.py. */
function drawTile(side: number): Uint8Array {
  const start = phaseOf('tile');
  return Uint8Array.from({ length: side * side * 3 }, (_, index) => {
    const level = Math.round(MIDDLE_LEVEL + LEVEL_SPREAD * ringValue(start + index));
    return Math.min(255, Math.max(0, level));
  });
}
