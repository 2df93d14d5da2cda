import type { MemoryAdmission } from './scheduling/memory-admission.js';
import { answerAll } from './decode.js';
import { minVisualTokens, maxVisualTokensOf, prepareMedia, featureKeys } from './prepare-media.js';
import { encodeMedia } from './encode-media.js';
import { assertSupportsMedia, inputModalitiesOf } from './input-modalities.js';
import { estimateMemory } from './scheduling/memory-estimate.js';
import type { PipelineModel } from './loaded-model.js';
import type { EngineCaches } from '../cache/engine-caches.js';
import { toCacheKeyedPrompt } from './prompt-embeddings.js';
import type { RequestHandle } from './scheduling/queue-ticket.js';
import { findKept } from './prefill.js';
import {
  buildRequestPrompt,
  assertEachMediaReferencedOnce,
  commonPrefixLength,
  alignedSharedPrefix,
  placeOfAnswer,
} from './prompts.js';
import { createTimings } from './request-timings.js';
import type { Scheduler } from './scheduling/scheduler.js';
import type { EngineEvent, EngineRequest } from './vision-language-engine.js';
import { resolveVisualTokenBudget } from './visual-token-budget.js';

/** What a request shares with the others, and what it has of its own. */
export interface RequestContext {
  readonly admission: MemoryAdmission;
  readonly scheduler: Scheduler;
  readonly store: EngineCaches;
  readonly turns: RequestHandle;
  readonly emit: (event: EngineEvent) => void;
  /** Called when the request has its memory and its work begins. */
  readonly onStart: () => void;
  /** Ends all work for the request. */
  readonly fail: (error: unknown) => void;
}

/** The whole line from encoded media to text. Other requests are worked on between any two runs of a graph. */
export async function runPipeline(
  { media, detail, conversations, settings }: EngineRequest,
  context: RequestContext,
  parts: PipelineModel,
): Promise<void> {
  const { manifest, vision, tokenizer, decoder } = parts;
  const { turns, store, emit } = context;
  const arrivalMs = performance.now();

  assertSupportsMedia(media, inputModalitiesOf(vision));
  // Text comes first: what it leaves of the context decides how finely pictures are cut and how many frames are seen.
  const prompts = conversations.map((one) => buildRequestPrompt(one, tokenizer));
  assertEachMediaReferencedOnce(media, prompts);
  const { maxTokens } = settings;
  const maxVisualTokens = resolveVisualTokenBudget(prompts, {
    maxPositions: decoder.maxPositions,
    maxTokens,
    minVisualTokens: minVisualTokens(media, vision),
  });

  // Memory for the worst case; what turns out not to be needed goes back.
  const need = (visualTokens: number) =>
    estimateMemory(prompts, visualTokens, maxTokens, manifest.decoder);
  const mostVisualTokens = maxVisualTokensOf(media, detail, maxVisualTokens, vision);
  const place = await context.admission.acquire(turns.ticket, need(mostVisualTokens), turns.signal);
  try {
    context.onStart();
    const queueMs = performance.now() - arrivalMs;

    // EncodedMedia -> DecodedImage or frames -> tiles, in the media workers, unless they were seen before
    const seen = await prepareMedia(media, detail, maxVisualTokens, { ...parts, store }, turns);
    const reports = seen.map(({ report }) => report);
    emit({ type: 'media', media: reports });
    place.shrink(need(sum(reports.map(({ visualTokens }) => visualTokens))));

    // What the prompts consist of: that may have been read before, and what they share is read once
    const named = featureKeys(seen);
    const asked = prompts.map((chunks, index) => ({
      prompt: toCacheKeyedPrompt(chunks, named),
      place: placeOfAnswer(conversations[index] ?? []),
    }));
    const common = commonPrefixLength(prompts, {
      image: named.image.map(({ visualTokens }) => visualTokens),
      video: named.video.map(({ visualTokens }) => visualTokens),
    });
    const sharedPositions = alignedSharedPrefix(common);
    const [first] = asked;
    const kept = first && (await findKept(first.prompt, sharedPositions, store));

    // Tiles -> PixelValues -> VisionFeatures -> embeddings, [visualTokens, hidden] each, where they are still to be read
    const times = createTimings();
    const isRead =
      kept !== undefined && asked.every(({ prompt }) => prompt.mediaEnd <= kept.length);
    const embeddings = await encodeMedia(isRead ? [] : seen, vision, { ...context, times });

    // PromptEmbeddings -> prefill -> decode steps -> text
    await answerAll(
      { conversations: asked, settings, sharedPositions, kept, sequences: place.sequences },
      { ...parts, ...context, media: embeddings, times },
    );

    const { encodeMs, prefillMs, decodeMs } = times;
    const endMs = performance.now();
    emit({
      type: 'done',
      timings: {
        queueMs,
        mediaDecodeMs: sum(seen.map(({ decoded }) => decoded?.mediaDecodeMs ?? 0)),
        tileMs: sum(seen.map(({ decoded }) => decoded?.tileMs ?? 0)),
        ...{ encodeMs, prefillMs, decodeMs },
        firstTokenMs: (times.firstTextAtMs ?? endMs) - arrivalMs,
        totalMs: endMs - arrivalMs,
      },
    });
  } finally {
    place.release();
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
