import type { GenerationDefaults } from '../models/package/manifest.js';
import type { GenerationSettings } from './vision-language-engine.js';

/** Enough for a description of several sentences in every language. */
const DEFAULT_MAX_TOKENS = 128;

/** Settings of a request; undefined where the client left them out. */
export type RequestedSettings = {
  readonly [K in keyof GenerationSettings]?: GenerationSettings[K] | undefined;
};

/**
 * Fills in missing settings from the checkpoint's generation defaults. The default seed is fixed, so that equal
 * requests give equal answers.
 */
export function resolveSettings(
  asked: RequestedSettings,
  defaults: GenerationDefaults,
): GenerationSettings {
  const defaultTemperature = defaults.doSample ? defaults.temperature : 0;
  return {
    temperature: asked.temperature ?? defaultTemperature,
    topK: asked.topK ?? defaults.topK,
    topP: asked.topP ?? defaults.topP,
    minP: asked.minP ?? defaults.minP,
    seed: asked.seed ?? 0,
    logitBias: asked.logitBias ?? new Map(),
    repetitionPenalty: asked.repetitionPenalty ?? defaults.repetitionPenalty,
    frequencyPenalty: asked.frequencyPenalty ?? 0,
    presencePenalty: asked.presencePenalty ?? 0,
    minTokens: asked.minTokens ?? defaults.minNewTokens,
    maxTokens: asked.maxTokens ?? DEFAULT_MAX_TOKENS,
    stop: asked.stop ?? [],
    stopTokenIds: asked.stopTokenIds ?? [],
    stopText: asked.stopText ?? 'cut',
    endOfText: asked.endOfText ?? 'stop',
    ...(asked.topLogprobs !== undefined && { topLogprobs: asked.topLogprobs }),
    ...(asked.answerFormat && { answerFormat: asked.answerFormat }),
  };
}

/**
 * The settings of captions and other texts about an image: greedy unless the request sets a temperature. Checkpoints
 * set theirs for chats, and a description should not depend on chance.
 */
export function resolveCaptionSettings(
  asked: RequestedSettings,
  defaults: GenerationDefaults,
): GenerationSettings {
  return resolveSettings({ ...asked, temperature: asked.temperature ?? 0 }, defaults);
}
