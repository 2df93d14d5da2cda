import type { SamplingSettings } from './sampler.js';

/** Modifies logits in place before sampling. `seen` contains the ids of the prompt and of the answer so far. */
export type LogitsProcessor = (logits: Float32Array, seen: ReadonlySet<number>) => void;

/** The active processors, in the order of Hugging Face's `generate`. */
export function createLogitsProcessors(settings: SamplingSettings): LogitsProcessor[] {
  return settings.repetitionPenalty === 1 ? [] : [repetitionPenalty(settings.repetitionPenalty)];
}

/**
 * Repetition penalty of CTRL (Keskar et al. 2019, section 4.1), applied once per id as in Hugging Face, prompt
 * included.
 */
function repetitionPenalty(penalty: number): LogitsProcessor {
  return (logits, seen) => {
    for (const id of seen) {
      const logit = logits[id];
      if (logit !== undefined) logits[id] = logit < 0 ? logit * penalty : logit / penalty;
    }
  };
}
