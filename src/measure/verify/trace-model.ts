import type { Sequence } from '../../decoder/decoder.js';
import { readRest } from '../../decoder/read-rest.js';
import { splicePrompt } from '../../decoder/splice-prompt.js';
import { embedMedia } from '../../engine/encode-media.js';
import type { PipelineModel } from '../../engine/loaded-model.js';
import { commonPrefixLength, alignedSharedPrefix } from '../../engine/prompts.js';
import type { ByKind, PromptSegment } from '../../language/build-prompt.js';
import type { FloatTensor } from '../../tensor/tensor.js';
import { planTiles } from '../../vision/plan-tiles.js';
import { tileImage } from '../../vision/tile-image.js';
import { drawSampleImage } from './sample-image.js';

/** A loaded model, and what its layers passed on in the last run where they are watched. */
export type TracedModel = Pick<
  PipelineModel,
  'manifest' | 'tokenizer' | 'tokenEmbeddings' | 'decoder' | 'vision'
> & {
  /** After each layer of the tower, `[patches * hidden]` of the last tile; none where they are not watched. */
  towerLayers(): readonly Float32Array[];
  /** After each layer of the decoder, `[hidden]` at the last position. */
  decoderLayers(): readonly Float32Array[];
};

/** What a model computes on its way through the prompts. */
export interface TraceVisitor {
  /** @param embeddings what the picture became, `[visualTokens, hidden]`. */
  seePicture(embeddings: FloatTensor, towerLayers: readonly Float32Array[]): Promise<void>;
  /**
   * @param prompt index into the prompts.
   * @param logits `[vocabulary]`
   * @returns the token to go on with, or null at the end of the answer.
   */
  chooseToken(
    prompt: number,
    logits: Float32Array,
    decoderLayers: readonly Float32Array[],
  ): Promise<number | null>;
}

/**
 * Shows a model the canned picture, if it sees, and takes it through the prompts, one after another over one cache: a picture
 * that several of them begin with is read once, as the engine does it.
 */
export async function traceModel(
  model: TracedModel,
  prompts: readonly (readonly PromptSegment[])[],
  visitor: TraceVisitor,
  onProgress: (step: string) => void,
): Promise<void> {
  const { decoder, tokenEmbeddings } = model;
  const picture = await embedPicture(model);
  if (picture) await visitor.seePicture(picture, model.towerLayers());
  const visualTokens = { image: [picture?.shape[0] ?? 0], video: [] };
  let before: Sequence | undefined;
  for (const [prompt, chunks] of prompts.entries()) {
    onProgress(`prompt ${prompt + 1} of ${prompts.length}`);
    const media: ByKind<FloatTensor> = {
      image: chunks.some(({ kind }) => kind === 'image') && picture ? [picture] : [],
      video: [],
    };
    const { inputsEmbeds } = splicePrompt(chunks, media, tokenEmbeddings);
    const previous = prompts[prompt - 1];
    const common = previous ? commonPrefixLength([previous, chunks], visualTokens) : 0;
    const shared = alignedSharedPrefix(common);
    const sequence = before
      ? decoder.createSequence(decoder.snapshotPrefix(before, shared))
      : decoder.createSequence();
    if (before) decoder.close(before);
    before = sequence;
    let [logits] = await decoder.logits([await readRest(decoder, sequence, inputsEmbeds)]);
    while (logits) {
      const id = await visitor.chooseToken(prompt, logits, model.decoderLayers());
      if (id === null) break;
      [logits] = await decoder.step([{ sequence, id }]);
    }
  }
  if (before) decoder.close(before);
}

async function embedPicture({ vision, manifest }: TracedModel): Promise<FloatTensor | null> {
  if (!vision) return null;
  const image = drawSampleImage();
  const maxTokens = Math.floor(manifest.decoder.maxPositions / 2);
  const plan = planTiles(image, vision.geometry, 'auto', maxTokens);
  const tiled = tileImage(image, plan, vision.geometry);
  const decoded = { kind: 'image' as const, ...tiled, sha256: '', mediaDecodeMs: 0, tileMs: 0 };
  const { image: embeddings } = await embedMedia([decoded], vision);
  return embeddings[0] ?? null;
}
