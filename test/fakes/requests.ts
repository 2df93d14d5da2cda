import type { ChatMessage } from '../../src/language/chat-template.js';
import { collectOutcome, type RequestOutcome } from '../../src/engine/collect-outcome.js';
import { NO_CACHES, type EngineCaches } from '../../src/cache/engine-caches.js';
import { createRequestRunner } from '../../src/engine/request-runner.js';
import type { EngineRequest, GenerationSettings } from '../../src/engine/vision-language-engine.js';
import { GREEDY } from './generation.js';
import { createFakeModel, type FakeModelOptions } from './fake-model.js';

/** Sampling settings with which every logit and every random number affects the answer. */
export const SAMPLED: GenerationSettings = {
  ...GREEDY,
  ...{ temperature: 0.9, topP: 0.95, repetitionPenalty: 1.1, seed: 3, maxTokens: 12 },
};

export const LANGUAGES = ['ca', 'es', 'eu', 'gl', 'pt', 'fr', 'it', 'ro'];

/** A request with questions about one image. Each `image` number is another image. */
export function imageRequest(
  image: number,
  questions: readonly string[],
  changes: Partial<EngineRequest> = {},
): EngineRequest {
  const conversations = questions.map((text): ChatMessage[] => [
    { role: 'user', content: [{ type: 'image' }, { type: 'text', text }] },
  ]);
  const media = [{ kind: 'image', bytes: Uint8Array.of(image) }] as const;
  return { media, detail: 'low', conversations, settings: SAMPLED, ...changes };
}

/** A request with one question and no media. */
export function textRequest(text: string, changes: Partial<EngineRequest> = {}): EngineRequest {
  const conversations = [[{ role: 'user', content: [{ type: 'text', text }] }]] as const;
  return { media: [], detail: 'low', conversations, settings: SAMPLED, ...changes };
}

/** A request runner over a fake model. */
export async function openRunner(
  options: FakeModelOptions & { memoryBytes?: number; caches?: EngineCaches } = {},
) {
  const { memoryBytes = 1e9, caches = NO_CACHES, ...modelOptions } = options;
  const model = await createFakeModel(modelOptions);
  const runner = createRequestRunner(model, { memoryBytes, caches });
  const run = (request: EngineRequest, signal?: AbortSignal, onStart?: () => void) =>
    collectOutcome(
      { generate: (item, abort) => runner.generate(item, abort, onStart) },
      request,
      signal,
    );
  return { model, runner, run };
}

export const textsOf = ({ answers }: RequestOutcome) => answers.map(({ text }) => text);
