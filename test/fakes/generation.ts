import type { GenerationSettings } from '../../src/engine/vision-language-engine.js';
import type { GenerationDefaults } from '../../src/models/package/manifest.js';

/** Greedy decoding without any restriction. */
export const NEUTRAL_GENERATION: GenerationDefaults = {
  ...{ doSample: false, temperature: 1, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1 },
  ...{ minNewTokens: 0, noRepeatNgramSize: 0, suppressTokens: [], beginSuppressTokens: [] },
  ...{ badWords: [], stopStrings: [] },
};

/** The settings of a greedy request without any option. */
export const GREEDY: GenerationSettings = {
  ...{ temperature: 0, topK: 0, topP: 1, minP: 0, seed: 0 },
  ...{ logitBias: new Map(), repetitionPenalty: 1, frequencyPenalty: 0, presencePenalty: 0 },
  ...{ minTokens: 0, maxTokens: 128, stop: [], stopTokenIds: [] },
  ...{ stopText: 'cut', endOfText: 'stop' },
};
