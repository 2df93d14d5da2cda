import type { ModelCosts } from '../../engine/vision-language-engine.js';
import type { Calibration } from './calibration.js';
import { estimateRequest } from './estimate-request.js';

/** A caption of a photograph, or for a model that reads text alone, an answer to a page of it. */
const PHOTOGRAPH = { kind: 'image', width: 1600, height: 1200 } as const;
const PAGE_TOKENS = 600;
const ANSWER_TOKENS = 64;

/** Milliseconds of the request by which settings are compared. */
export function ordinaryRequestMs(
  model: ModelCosts & { readonly contextLength: number },
  calibration: Calibration,
): number {
  const media = model.geometry ? [PHOTOGRAPH] : [];
  const instructionTokens = model.geometry
    ? model.instructionTokens
    : Math.min(PAGE_TOKENS, model.contextLength / 2);
  const request = { media, detail: 'auto' as const, texts: 1, maxTokens: ANSWER_TOKENS };
  const { timings } = estimateRequest(request, { ...model, instructionTokens }, calibration);
  if (!timings) throw new Error('A calibration gave no times.');
  // Cutting tiles takes the same time in every precision.
  return timings.encodeMs + timings.prefillMs + timings.generateMs;
}
