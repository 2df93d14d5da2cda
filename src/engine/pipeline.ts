import { splicePrompt } from '../decoder/splice-prompt.js';
import { answerConversation } from './answer-conversation.js';
import { countLeastTokens, decodeMedia, reportMedia } from './decode-media.js';
import { embedMedia } from './embed-media.js';
import { checkSeesMedia, inputModalitiesOf } from './input-modalities.js';
import type { PipelineParts } from './pipeline-parts.js';
import {
  buildRequestPrompt,
  checkShownMedia,
  countSharedPositions,
  placeOfAnswer,
} from './request-prompts.js';
import type { Answer, EngineEvent, EngineRequest } from './vision-language-engine.js';
import { resolveVisualTokenBudget } from './visual-token-budget.js';

/** The whole line from encoded media to text. Stages that run long check the signal between two runs. */
export async function* runPipeline(
  { media, detail, conversations, settings }: EngineRequest,
  parts: PipelineParts,
  signal?: AbortSignal,
): AsyncGenerator<EngineEvent, undefined> {
  const { manifest, vision, tokenizer, tokenEmbeddings } = parts;
  const startMs = performance.now();

  checkSeesMedia(media, inputModalitiesOf(vision));
  // Text comes first: what it leaves of the context decides how finely pictures are cut and how many frames are seen.
  const prompts = conversations.map((one) => buildRequestPrompt(one, tokenizer));
  checkShownMedia(media, prompts);
  const maxVisualTokens = resolveVisualTokenBudget(prompts, {
    maxPositions: manifest.decoder.maxPositions,
    maxTokens: settings.maxTokens,
    minVisualTokens: countLeastTokens(media, vision),
  });

  // EncodedMedia -> DecodedImage or frames -> tiles, in the media worker
  const decoded = await decodeMedia(media, detail, maxVisualTokens, parts, signal);
  yield { type: 'media', media: decoded.map(reportMedia) };

  // Tiles -> PixelValues -> VisionFeatures -> embeddings
  const encodeStartMs = performance.now();
  const embeddings = await embedMedia(decoded, vision, signal); // [visualTokens, hidden] each
  const encodedMs = performance.now();

  // PromptEmbeddings -> prefill -> decode steps -> text. The cache goes from one conversation to the next: they begin
  // alike, as a rule up to the end of the media, and only what differs is read again.
  const cache = parts.decoder.createCache();
  const countTokens = ({ shape }: { readonly shape: readonly number[] }) => shape[0] ?? 0;
  const visualTokens = {
    image: embeddings.image.map(countTokens),
    video: embeddings.video.map(countTokens),
  };
  const answers: Answer[] = [];
  for (const [conversation, chunks] of prompts.entries()) {
    signal?.throwIfAborted();
    const place = placeOfAnswer(conversations[conversation] ?? []);
    const prompt = splicePrompt(chunks, embeddings, tokenEmbeddings);
    const previous = prompts[conversation - 1];
    cache.truncate(previous ? countSharedPositions(previous, chunks, visualTokens) : 0);
    const task = { conversation, prompt, place, cache, settings };
    answers.push(yield* answerConversation(task, parts, signal));
  }

  const decodeMediaMs = sum(decoded.map((one) => one.decodeMediaMs));
  const tileMs = sum(decoded.map((one) => one.tileMs));
  const encodeMs = encodedMs - encodeStartMs;
  const firstTokenMs = encodedMs - startMs + (answers[0]?.timings.firstTokenMs ?? 0);
  const prefillMs = sum(answers.map(({ timings }) => timings.prefillMs));
  const decodeMs = sum(answers.map(({ timings }) => timings.decodeMs));
  const totalMs = performance.now() - startMs;
  const timings = { decodeMediaMs, tileMs, encodeMs, prefillMs, firstTokenMs, decodeMs, totalMs };
  yield { type: 'done', timings };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
