import { type JsonObject, checkBoolean, checkInteger, checkNumber } from './checked-json.js';
import { TOKEN } from './checked-manifest-value.js';
import type { GenerationDefaults } from './manifest.js';

/** @throws MODEL_INVALID naming the first field that is of another type or out of range. */
export function parseGeneration(json: JsonObject): GenerationDefaults {
  const { temperature, topP, topK, repetitionPenalty, doSample } = json;
  return {
    ...(temperature !== undefined && {
      temperature: checkNumber(temperature, 'generation.temperature', { min: 0, max: 100 }),
    }),
    ...(topP !== undefined && {
      topP: checkNumber(topP, 'generation.topP', { min: 0, max: 1 }),
    }),
    ...(topK !== undefined && {
      topK: checkInteger(topK, 'generation.topK', TOKEN),
    }),
    ...(repetitionPenalty !== undefined && {
      repetitionPenalty: checkNumber(repetitionPenalty, 'generation.repetitionPenalty', {
        min: 0.01,
        max: 100,
      }),
    }),
    ...(doSample !== undefined && { doSample: checkBoolean(doSample, 'generation.doSample') }),
  };
}
