import type { Sequence } from '../../decoder/decoder.js';
import { toCacheKeyedPrompt } from '../../engine/cache-keyed-prompt.js';
import { encodeTiledMedia } from '../../engine/encode-media.js';
import type { PipelineModel } from '../../engine/loaded-model.js';
import { prefillTo } from '../../engine/prefill.js';
import { alignedSharedPrefix, commonPrefixLength, findCommonPrefix } from '../../engine/prompts.js';
import { runImmediately } from '../../engine/scheduling/scheduler.js';
import type { PromptSegment } from '../../language/build-prompt.js';
import type { FloatTensor } from '../../tensor/tensor.js';
import { type Detail, planTiles } from '../../vision/plan-tiles.js';
import { tileImage } from '../../vision/tile-image.js';
import { drawSampleImage } from './sample-image.js';
import { maxSampleVisualTokens } from './sample-prompts.js';

/** A loaded model that records the residual stream of its layers. */
export type TracedModel = Pick<
  PipelineModel,
  'manifest' | 'tokenizer' | 'tokenEmbeddings' | 'decoder' | 'vision'
> & {
  /** Output of each vision encoder layer for the last tile, `[patches * hidden]`. Empty if layers are not recorded. */
  visionLayers(): readonly Float32Array[];
  /** Output of each decoder layer at the last position, `[hidden]`. Empty if layers are not recorded. */
  decoderLayers(): readonly Float32Array[];
};

/** Receives the values that a model computes for the prompts. */
export interface TraceVisitor {
  /** @param features `[visualTokens, hidden]` of the sample image. */
  onImage(features: FloatTensor, visionLayers: readonly Float32Array[]): Promise<void>;
  /**
   * @param prompt index into the prompts.
   * @param logits `[vocabulary]`
   * @returns the next token id, or null to end the answer.
   */
  chooseToken(
    prompt: number,
    logits: Float32Array,
    decoderLayers: readonly Float32Array[],
  ): Promise<number | null>;
}

/** The prompts of a trace, and the tiles of the sample image in them. */
export interface TracedInput {
  readonly prompts: readonly (readonly PromptSegment[])[];
  /** `high`: all tiles, as other implementations cut the image. */
  readonly detail: Detail;
}

/** Feature key of the sample image. */
const SAMPLE_IMAGE = 'sample image';

/**
 * Encodes the sample image, then prefills and decodes the prompts one after another with the engine's own functions.
 * Each prompt continues from the prefix that it shares with the one before, as conversations of a request do.
 */
export async function traceModel(
  model: TracedModel,
  { prompts, detail }: TracedInput,
  visitor: TraceVisitor,
  onProgress: (step: string) => void,
): Promise<void> {
  const { decoder, tokenEmbeddings } = model;
  const imageFeatures = await encodeSampleImage(model, detail);
  if (imageFeatures) await visitor.onImage(imageFeatures, model.visionLayers());
  const visualTokens = imageFeatures?.shape[0] ?? 0;
  const features = new Map(imageFeatures ? [[SAMPLE_IMAGE, imageFeatures]] : []);
  const media = { image: imageFeatures ? [{ key: SAMPLE_IMAGE, visualTokens }] : [], video: [] };
  let before: Sequence | undefined;
  for (const [index, segments] of prompts.entries()) {
    onProgress(`prompt ${index + 1} of ${prompts.length}`);
    const prompt = toCacheKeyedPrompt(segments, media);
    const previous = prompts[index - 1];
    const common = previous
      ? commonPrefixLength(findCommonPrefix([previous, segments]), {
          image: [visualTokens],
          video: [],
        })
      : 0;
    const sequence = before
      ? decoder.createSequence(decoder.snapshotPrefix(before, alignedSharedPrefix(common)))
      : decoder.createSequence();
    if (before) decoder.close(before);
    before = sequence;
    const context = { decoder, tokenEmbeddings, features };
    let logits = await prefillTo(prompt.length, { sequence, prompt }, context, runImmediately);
    while (logits) {
      const id = await visitor.chooseToken(index, logits, model.decoderLayers());
      if (id === null) break;
      [logits] = await decoder.step([{ sequence, id }]);
    }
  }
  if (before) decoder.close(before);
}

async function encodeSampleImage(
  { vision, manifest }: TracedModel,
  detail: Detail,
): Promise<FloatTensor | null> {
  if (!vision) return null;
  const image = drawSampleImage();
  const plan = planTiles(image, vision.geometry, detail, maxSampleVisualTokens(manifest));
  const tiled = tileImage(image, plan, vision.geometry);
  return await encodeTiledMedia({ kind: 'image', ...tiled }, vision, runImmediately);
}
