import { splicePrompt } from '../decoder/splice-prompt.js';
import { buildPrompt } from '../language/build-prompt.js';
import { countVisualTokens } from '../vision/count-visual-tokens.js';
import { encodeTiles } from '../vision/encode-tiles.js';
import { packImageFeatures } from '../vision/pack-image-features.js';
import { toPixelValues } from '../vision/pixel-values.js';
import { answerConversation } from './answer-conversation.js';
import type { TiledMedia } from './media-decoder.js';
import type { PipelineParts } from './pipeline-parts.js';
import { countSharedPositions, takeOnlyImage } from './request-prompts.js';
import type { Answer, EngineEvent, EngineRequest, ImageReport } from './vision-language-engine.js';
import { resolveVisualTokenBudget } from './visual-token-budget.js';

/** The whole line from encoded media to text. Stages that run long check the signal between two runs. */
export async function* runPipeline(
  { images, detail, conversations, settings }: EngineRequest,
  parts: PipelineParts,
  signal?: AbortSignal,
): AsyncGenerator<EngineEvent, undefined> {
  const { manifest, geometry, tokenEmbeddings } = parts;
  const startMs = performance.now();

  // Text comes first: what it leaves of the context decides how finely the picture is cut.
  const prompts = conversations.map((messages) => buildPrompt(messages, parts.tokenizer));
  const bytes = takeOnlyImage(images, prompts);
  const maxVisualTokens = resolveVisualTokenBudget(prompts, {
    maxPositions: manifest.decoder.maxPositions,
    maxTokens: settings.maxTokens,
    minVisualTokens: countVisualTokens({ width: 1, height: 1 }, null, geometry),
  });

  // EncodedMedia -> DecodedImage -> TilePlan -> TiledImage, in the media worker
  const tiling = { bytes, geometry, detail, maxVisualTokens };
  const media = await parts.mediaDecoder.tile(tiling, signal);
  yield { type: 'media', images: [toImageReport(media)] };

  // TiledImage -> PixelValues -> VisionFeatures -> ImageEmbeddings
  const encodeStartMs = performance.now();
  const pixelValues = toPixelValues(media.tiles, manifest.imageProcessor); // [tiles, 3, H, W]
  const features = await encodeTiles(parts.vision, pixelValues, signal); // [tiles, patches, hidden]
  const image = packImageFeatures(features, media.plan, geometry, parts.imageNewline); // [visualTokens, hidden]
  const encodedMs = performance.now();

  // PromptEmbeddings -> prefill -> decode steps -> text. The cache goes from one conversation to the next: they begin
  // alike, as a rule up to the end of the picture, and only what differs is read again.
  const cache = parts.decoder.createCache();
  const answers: Answer[] = [];
  for (const [conversation, chunks] of prompts.entries()) {
    signal?.throwIfAborted();
    const prompt = splicePrompt(chunks, [image], tokenEmbeddings);
    const previous = prompts[conversation - 1];
    cache.truncate(
      previous ? countSharedPositions(previous, chunks, [media.plan.visualTokens]) : 0,
    );
    answers.push(
      yield* answerConversation({ conversation, prompt, cache, settings }, parts, signal),
    );
  }

  const { decodeMediaMs, tileMs } = media;
  const encodeMs = encodedMs - encodeStartMs;
  const firstTokenMs = encodedMs - startMs + (answers[0]?.timings.firstTokenMs ?? 0);
  const prefillMs = sum(answers.map(({ timings }) => timings.prefillMs));
  const decodeMs = sum(answers.map(({ timings }) => timings.decodeMs));
  const totalMs = performance.now() - startMs;
  const timings = { decodeMediaMs, tileMs, encodeMs, prefillMs, firstTokenMs, decodeMs, totalMs };
  yield { type: 'done', timings };
}

function toImageReport({ plan, sha256 }: TiledMedia): ImageReport {
  const { imageSize, tiles, grid, visualTokens } = plan;
  return { ...imageSize, tiles, grid, visualTokens, sha256 };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
