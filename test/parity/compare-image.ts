import { toCacheKeyedPrompt } from '../../src/engine/cache-keyed-prompt.js';
import { encodeTiledMedia } from '../../src/engine/encode-media.js';
import { runImmediately } from '../../src/engine/scheduling/scheduler.js';
import { buildPrompt, type PromptSegment } from '../../src/language/build-prompt.js';
import { captionInstruction } from '../../src/language/caption-instructions.js';
import { resolveLanguage } from '../../src/language/languages.js';
import { decodeImage } from '../../src/media/decode-image.js';
import type { FloatTensor } from '../../src/tensor/tensor.js';
import { encodeTiles } from '../../src/vision/encode-tiles.js';
import { normalizeTiles } from '../../src/vision/normalize-tiles.js';
import { planTiles, type TilePlan } from '../../src/vision/plan-tiles.js';
import { tileImage } from '../../src/vision/tile-image.js';
import { type AnswerReport, compareAnswer, isSameIds, type PromptInput } from './compare-answer.js';
import { type Distance, measureDistance, measureSampled } from './measures.js';
import type { ConvertedModel } from '../tiny-model/converted-model.js';
import { type ParityCase, readPicture, type References } from './references.js';

/** Differences of all stages that follow from one set of tiles. */
export interface TilesReport extends AnswerReport {
  readonly features: Distance;
  readonly embeddings: Distance;
}

export interface ImageReport {
  readonly one: ParityCase;
  readonly planEqual: boolean;
  readonly countEqual: boolean;
  readonly idsEqual: boolean;
  /** Null if the tile grid differs. */
  readonly stages: StagesReport | null;
}

export interface StagesReport {
  /** Differences of the tile bytes, in levels of 255. */
  readonly pixels: { readonly meanAbs: number; readonly maxAbs: number };
  /** Differences of the normalized values for identical bytes. */
  readonly pixelValues: Distance;
  /** Starting with the tiles of transformers. */
  readonly fromReferenceTiles: TilesReport;
  /** Starting with the image file. */
  readonly fromFile: TilesReport;
}

/** Runs an image through the production code and compares every stage. */
export async function compareImage(
  model: ConvertedModel,
  references: References,
  one: ParityCase,
): Promise<ImageReport> {
  const image = await decodeImage({ bytes: await readPicture(one) });
  const plan = planTiles(image, model.vision.geometry, one.detail, Infinity);
  const { tiles } = tileImage(image, plan, model.vision.geometry);
  const referenceTiles = references.readTiles(one);
  const chunks = casePrompt(model, one);
  const planEqual = plan.tiles === one.tiles && isSameGrid(plan, one);
  const countEqual = plan.visualTokens === one.visualTokens;
  const idsEqual = isSameIds(expandIds(chunks, plan.visualTokens, model), one);
  if (!planEqual || !countEqual) return { one, planEqual, countEqual, idsEqual, stages: null };

  const pixels = measureDistance(Buffer.concat(tiles), Buffer.concat(referenceTiles));
  const pixelValues = measureSampled(
    normalizeTiles(referenceTiles, model.vision.geometry.imageProcessor),
    one.pixelValues,
    references.read(one.pixelValues),
  );
  const fromReferenceTiles = await compareTiles(model, references, one, {
    plan,
    tiles: referenceTiles,
    chunks,
  });
  const fromFile =
    pixels.maxAbs === 0
      ? fromReferenceTiles
      : await compareTiles(model, references, one, { plan, tiles, chunks });
  const stages = { pixels, pixelValues, fromReferenceTiles, fromFile };
  return { one, planEqual, countEqual, idsEqual, stages };
}

/** Tiles to the input of the decoder. */
export async function embedTiles(
  model: ConvertedModel,
  { plan, tiles, chunks }: TilesInput,
): Promise<PromptInput & { readonly encoded: FloatTensor; readonly embeddings: FloatTensor }> {
  const pixelValues = normalizeTiles(tiles, model.vision.geometry.imageProcessor);
  const encoded = await encodeTiles(model.vision.graph, pixelValues);
  const image = { kind: 'image' as const, tiles: [...tiles], plan };
  const embeddings = await encodeTiledMedia(image, model.vision, runImmediately);
  const media = { key: 'image', visualTokens: plan.visualTokens };
  return {
    prompt: toCacheKeyedPrompt(chunks, { image: [media], video: [] }),
    features: new Map([[media.key, embeddings]]),
    ...{ encoded, embeddings },
  };
}

export interface TilesInput {
  readonly plan: TilePlan;
  readonly tiles: readonly Uint8Array[];
  readonly chunks: readonly PromptSegment[];
}

async function compareTiles(
  model: ConvertedModel,
  references: References,
  one: ParityCase,
  input: TilesInput,
): Promise<TilesReport> {
  const embedded = await embedTiles(model, input);
  const { encoded, embeddings } = embedded;
  const answer = await compareAnswer(model, references, one, embedded);
  return {
    features: measureSampled(encoded, one.imageFeatures, references.read(one.imageFeatures)),
    embeddings: measureSampled(
      embeddings,
      one.imageEmbeddings,
      references.read(one.imageEmbeddings),
    ),
    ...answer,
  };
}

/** The prompt of a case, built from the instruction of its language like in the service. */
export function casePrompt(model: ConvertedModel, one: ParityCase): PromptSegment[] {
  const text = captionInstruction(one.kind, resolveLanguage(one.language));
  if (text !== one.prompt)
    throw new RangeError(
      'The instructions differ from those of the references. Compute the references again.',
    );
  return buildPrompt(
    [{ role: 'user', content: [{ type: 'image' }, { type: 'text', text }] }],
    model.tokenizer,
  );
}

function expandIds(
  chunks: readonly PromptSegment[],
  visualTokens: number,
  { vision: { geometry } }: ConvertedModel,
): number[] {
  return chunks.flatMap((chunk) =>
    chunk.kind === 'text'
      ? [...chunk.ids]
      : Array.from({ length: visualTokens }, () => geometry.tokens.image),
  );
}

function isSameGrid({ grid }: TilePlan, one: ParityCase): boolean {
  return grid?.rows === one.grid?.rows && grid?.columns === one.grid?.columns;
}
