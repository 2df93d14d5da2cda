import { type JsonObject, checkOneOf, checkNumber } from '../../package/json-fields.js';
import type { GenerationDefaults } from '../../package/manifest.js';

/** Parses the sampling defaults of `generation_config.json`. @throws MODEL_INVALID */
export function parseGenerationDefaults(json: JsonObject): GenerationDefaults {
  const number = (field: string, min: number, max: number): number | undefined =>
    json[field] === undefined || json[field] === null
      ? undefined
      : checkNumber(json[field], field, { min, max });
  const defaults = {
    temperature: number('temperature', 0, 100),
    topP: number('top_p', 0, 1),
    topK: number('top_k', 0, 1 << 24),
    repetitionPenalty: number('repetition_penalty', 0.01, 100),
    doSample:
      json['do_sample'] === undefined
        ? undefined
        : checkOneOf(json['do_sample'], 'do_sample', [true, false]),
  };
  // JSON drops undefined fields, and the manifest must equal its parsed JSON.
  return Object.fromEntries(Object.entries(defaults).filter(([, value]) => value !== undefined));
}
