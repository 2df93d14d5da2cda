import type { ChatMessage } from '../../src/language/chat-template.js';
import { collectOutcome, type RequestOutcome } from '../../src/engine/collect-outcome.js';
import { NO_CACHES, type EngineCaches } from '../../src/cache/engine-caches.js';
import { createRequestRunner } from '../../src/engine/request-runner.js';
import type { EngineRequest, GenerationSettings } from '../../src/engine/vision-language-engine.js';
import { createFakeParts, type FakePartsOptions } from './loaded-model.js';

/** Sampling settings under which every logit and every random number changes the answer. */
export const SAMPLED: GenerationSettings = {
  ...{ temperature: 0.9, topP: 0.95, topK: 0, repetitionPenalty: 1.1, seed: 3 },
  ...{ maxTokens: 12, stop: [] },
};

export const LANGUAGES = ['ca', 'es', 'eu', 'gl', 'pt', 'fr', 'it', 'ro'];

/** A request with questions about one image. The image differs by its number. */
export function about(
  picture: number,
  questions: readonly string[],
  changes: Partial<EngineRequest> = {},
): EngineRequest {
  const conversations = questions.map((text): ChatMessage[] => [
    { role: 'user', content: [{ type: 'image' }, { type: 'text', text }] },
  ]);
  const media = [{ kind: 'image', bytes: Uint8Array.of(picture) }] as const;
  return { media, detail: 'low', conversations, settings: SAMPLED, ...changes };
}

/** A request with a question without media. */
export function ask(text: string, changes: Partial<EngineRequest> = {}): EngineRequest {
  const conversations = [[{ role: 'user', content: [{ type: 'text', text }] }]] as const;
  return { media: [], detail: 'low', conversations, settings: SAMPLED, ...changes };
}

/** A request runner over a fake model. */
export async function openRunner(
  options: FakePartsOptions & { memoryBytes?: number; caches?: EngineCaches } = {},
) {
  const { memoryBytes = 1e9, caches = NO_CACHES, ...rest } = options;
  const parts = await createFakeParts(rest);
  const runner = createRequestRunner(parts, { memoryBytes, caches });
  const run = (request: EngineRequest, signal?: AbortSignal, onStart?: () => void) =>
    collectOutcome({ generate: (one, end) => runner.generate(one, end, onStart) }, request, signal);
  return { parts, runner, run };
}

export const textsOf = ({ answers }: RequestOutcome) => answers.map(({ text }) => text);
