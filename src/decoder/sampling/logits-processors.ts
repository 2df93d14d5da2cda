import type { SamplingSettings } from './sampler.js';

/** Changes scores in place before a token is chosen; `seen` holds every id of the prompt and of the answer so far. */
export type LogitsProcessor = (logits: Float32Array, seen: ReadonlySet<number>) => void;

/** The processors that the settings call for, in the order of Hugging Face's `generate`. */
export function createLogitsProcessors(settings: SamplingSettings): LogitsProcessor[] {
  return settings.repetitionPenalty === 1 ? [] : [repetitionPenalty(settings.repetitionPenalty)];
}

/** Keskar et al. 2019 (CTRL), section 4.1, as Hugging Face applies it: once to every id seen, prompt included. */
function repetitionPenalty(penalty: number): LogitsProcessor {
  return (logits, seen) => {
    for (const id of seen) {
      const score = logits[id];
      if (score !== undefined) logits[id] = score < 0 ? score * penalty : score / penalty;
    }
  };
}
