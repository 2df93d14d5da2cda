import type { Admission } from './admission.js';
import { answerAll } from './answer-all.js';
import { countLeastTokens, countMostTokens, decodeMedia, nameMedia } from './decode-media.js';
import { embedSeen } from './embed-media.js';
import { checkSeesMedia, inputModalitiesOf } from './input-modalities.js';
import { memoryNeed } from './memory-need.js';
import type { PipelineParts } from './pipeline-parts.js';
import type { PromptStore } from './prefix-store.js';
import { namePrompt } from './prompt-rows.js';
import type { Turns } from './queued-work.js';
import { findKept } from './read-prompt.js';
import {
  buildRequestPrompt,
  checkShownMedia,
  countCommonPositions,
  countReadOnce,
  placeOfAnswer,
} from './request-prompts.js';
import { startTimes } from './run-times.js';
import type { Scheduler } from './scheduler.js';
import type { EngineEvent, EngineRequest } from './vision-language-engine.js';
import { resolveVisualTokenBudget } from './visual-token-budget.js';

/** What a request shares with the others, and what it has of its own. */
export interface RequestContext {
  readonly admission: Admission;
  readonly scheduler: Scheduler;
  readonly store: PromptStore;
  readonly turns: Turns;
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
  parts: PipelineParts,
): Promise<void> {
  const { manifest, vision, tokenizer, decoder } = parts;
  const { turns, store, emit } = context;
  const arrivalMs = performance.now();

  checkSeesMedia(media, inputModalitiesOf(vision));
  // Text comes first: what it leaves of the context decides how finely pictures are cut and how many frames are seen.
  const prompts = conversations.map((one) => buildRequestPrompt(one, tokenizer));
  checkShownMedia(media, prompts);
  const { maxTokens } = settings;
  const maxVisualTokens = resolveVisualTokenBudget(prompts, {
    maxPositions: decoder.maxPositions,
    maxTokens,
    minVisualTokens: countLeastTokens(media, vision),
  });

  // Memory for the worst case; what turns out not to be needed goes back.
  const need = (visualTokens: number) =>
    memoryNeed(prompts, visualTokens, maxTokens, manifest.decoder);
  const mostVisualTokens = countMostTokens(media, detail, maxVisualTokens, vision);
  const place = await context.admission.enter(turns.ticket, need(mostVisualTokens), turns.signal);
  try {
    context.onStart();
    const queueMs = performance.now() - arrivalMs;

    // EncodedMedia -> DecodedImage or frames -> tiles, in the media workers, unless they were seen before
    const seen = await decodeMedia(media, detail, maxVisualTokens, { ...parts, store }, turns);
    const reports = seen.map(({ report }) => report);
    emit({ type: 'media', media: reports });
    place.shrink(need(sum(reports.map(({ visualTokens }) => visualTokens))));

    // What the prompts consist of: that may have been read before, and what they share is read once
    const named = nameMedia(seen);
    const asked = prompts.map((chunks, index) => ({
      prompt: namePrompt(chunks, named),
      place: placeOfAnswer(conversations[index] ?? []),
    }));
    const common = countCommonPositions(prompts, {
      image: named.image.map(({ visualTokens }) => visualTokens),
      video: named.video.map(({ visualTokens }) => visualTokens),
    });
    const sharedPositions = countReadOnce(common);
    const [first] = asked;
    const kept = first && (await findKept(first.prompt, sharedPositions, store));

    // Tiles -> PixelValues -> VisionFeatures -> embeddings, [visualTokens, hidden] each, where they are still to be read
    const times = startTimes();
    const isRead =
      kept !== undefined && asked.every(({ prompt }) => prompt.mediaEnd <= kept.length);
    const embeddings = await embedSeen(isRead ? [] : seen, vision, { ...context, times });

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
        decodeMediaMs: sum(seen.map(({ decoded }) => decoded?.decodeMediaMs ?? 0)),
        tileMs: sum(seen.map(({ decoded }) => decoded?.tileMs ?? 0)),
        ...{ encodeMs, prefillMs, decodeMs },
        firstTokenMs: (times.firstTextAtMs ?? endMs) - arrivalMs,
        totalMs: endMs - arrivalMs,
      },
    });
  } finally {
    place.leave();
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
