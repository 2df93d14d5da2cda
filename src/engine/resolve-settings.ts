import type { GenerationDefaults } from '../models/package/manifest.js';
import type { GenerationSettings } from './vision-language-engine.js';

/** Enough for a description of several sentences in every language. */
const DEFAULT_MAX_TOKENS = 128;

/**
 * Fills in missing settings from the checkpoint's generation defaults, then with greedy decoding. The default seed is
 * fixed, so that equal requests give equal answers.
 */
export function resolveSettings(
  asked: { readonly [K in keyof GenerationSettings]?: GenerationSettings[K] | undefined },
  defaults: GenerationDefaults,
): GenerationSettings {
  const defaultTemperature = defaults.doSample === true ? (defaults.temperature ?? 1) : 0;
  return {
    temperature: asked.temperature ?? defaultTemperature,
    topP: asked.topP ?? defaults.topP ?? 1,
    topK: asked.topK ?? defaults.topK ?? 0,
    repetitionPenalty: asked.repetitionPenalty ?? defaults.repetitionPenalty ?? 1,
    seed: asked.seed ?? 0,
    maxTokens: asked.maxTokens ?? DEFAULT_MAX_TOKENS,
    stop: asked.stop ?? [],
    ...(asked.topLogprobs !== undefined && { topLogprobs: asked.topLogprobs }),
  };
}
