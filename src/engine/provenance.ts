import type { GenerationSettings, ModelDescription } from './vision-language-engine.js';

/** The part of a JSON line or a stored result that says which model wrote the texts, when, and with which settings. */
export function provenanceJson(
  { id, revision, precision }: ModelDescription,
  { maxTokens, temperature, topP, topK, minP, repetitionPenalty, seed }: GenerationSettings,
  mediaSettings: object = {},
): object {
  return {
    model: id,
    revision,
    precision,
    created: new Date().toISOString(),
    settings: {
      ...mediaSettings,
      ...{ max_tokens: maxTokens, temperature, top_p: topP, top_k: topK, min_p: minP },
      ...{ repetition_penalty: repetitionPenalty, seed },
    },
  };
}
