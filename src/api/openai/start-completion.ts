import { assertSupportsMedia } from '../../engine/input-modalities.js';
import type {
  EngineEvent,
  EngineRequest,
  ModelDescription,
  Priority,
  VisionLanguageEngine,
} from '../../engine/vision-language-engine.js';
import type { MediaResolver } from '../media/media-resolver.js';
import { assertChatModel, readyModel } from '../request/loaded-model.js';
import type { OutcomeFormat } from '../response/send-outcome.js';
import {
  type ChatRequest,
  listMediaSources,
  parseChatRequest,
  toEngineRequest,
} from './chat-request.js';
import { createChatFormat } from './chat-response.js';
import { createCompletionHeader } from './completion-fields.js';
import { parseCompletionsRequest } from './completions-request.js';
import { createCompletionsFormat } from './completions-response.js';

interface TextContext {
  readonly engine: VisionLanguageEngine;
  /** Shares the engine with others; see `EngineRequest`. */
  readonly client: string;
  readonly priority?: Priority;
  readonly signal: AbortSignal;
}

/** What a completion is made with: by a route, or for a line of a batch. */
export interface CompletionContext extends TextContext {
  readonly resolver: MediaResolver;
}

/** A completion that begins when its events are read. */
interface StartedCompletion {
  readonly events: AsyncIterable<EngineEvent>;
  readonly format: OutcomeFormat;
  /** Whether the client asked for a stream. */
  readonly isStream: boolean;
}

/** Creates the form of the response, when the request is known to be valid. */
type CreateFormat = (
  model: ModelDescription,
  chat: ChatRequest,
  work: EngineRequest,
) => OutcomeFormat;

const createOpenAiFormat: CreateFormat = (model, { language, stream, settings }, { detail }) => {
  const header = createCompletionHeader('chatcmpl', model);
  const isJson = settings.answerFormat !== undefined;
  return createChatFormat(header, { detail, language, isJson }, stream?.includeUsage ?? false);
};

/**
 * Starts a chat completion: checks the body and resolves its media.
 *
 * @returns the completion. The caller must call `release`, which removes the files of its media.
 * @throws the codes of `readyModel`, `parseChatRequest`, `assertChatModel` and `MediaResolver.resolve`.
 */
export async function startChat(
  body: unknown,
  { engine, resolver, client, priority, signal }: CompletionContext,
  createFormat: CreateFormat = createOpenAiFormat,
): Promise<StartedCompletion & { readonly release: () => Promise<void> }> {
  const model = readyModel(engine);
  const chat = parseChatRequest(body, model);
  const sources = listMediaSources(chat);
  assertChatModel(model, sources);
  const { media, release } = await resolver.resolve(sources, chat.sampling, signal, client);
  try {
    assertSupportsMedia(
      media.map(({ kind }) => kind),
      model,
    );
    const work = { ...toEngineRequest(chat, media), client, ...(priority && { priority }) };
    const format = createFormat(model, chat, work);
    const events = engine.generate(work, signal);
    return { events, format, isStream: chat.stream !== null, release };
  } catch (error) {
    await release();
    throw error;
  }
}

/** Starts a completion of raw prompts. @throws the codes of `readyModel` and `parseCompletionsRequest`. */
export function startCompletion(
  body: unknown,
  { engine, client, priority, signal }: TextContext,
): StartedCompletion {
  const model = readyModel(engine);
  const { prompts, echo, settings, receipts, stream } = parseCompletionsRequest(body, model);
  const conversations = prompts.map((prompt) =>
    typeof prompt === 'string' ? { rawText: prompt } : { tokenIds: prompt },
  );
  const repeats = settings.topLogprobs === undefined ? 'tokens' : 'logprobs';
  const shares = { client, ...(priority && { priority }) };
  const request = { media: [], detail: 'auto', conversations, settings, receipts } as const;
  const work: EngineRequest = { ...shares, ...request, ...(echo && { echo: repeats }) };
  const header = createCompletionHeader('cmpl', model);
  const format = createCompletionsFormat(header, stream?.includeUsage ?? false);
  return { events: engine.generate(work, signal), format, isStream: stream !== null };
}
