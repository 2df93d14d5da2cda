import { type JsonObject, checkObject, checkOneOf } from '../models/package/json-fields.js';
import { invalidModel } from '../models/package/invalid-model.js';

/** The components of tokenizer.json that may be sequences, with the field that lists the steps of a sequence. */
const LIST_FIELDS = {
  normalizer: 'normalizers',
  pre_tokenizer: 'pretokenizers',
  post_processor: 'processors',
  decoder: 'decoders',
} as const;

/**
 * The steps of a component of tokenizer.json, with nested sequences flattened. No steps if the component is null.
 *
 * @throws MODEL_INVALID
 */
export function listSteps(value: unknown, component: keyof typeof LIST_FIELDS): JsonObject[] {
  if (value === null || value === undefined) return [];
  const json = checkObject(value, component);
  if (json['type'] !== 'Sequence') return [json];
  const steps = json[LIST_FIELDS[component]];
  if (!Array.isArray(steps)) throw invalidModel(`${component} of type Sequence has no steps`);
  return steps.flatMap((step) => listSteps(step, component));
}

/**
 * Finds the implementation of a step by its `type`.
 *
 * @throws MODEL_INVALID with the types that are supported
 */
export function findStep<T>(
  step: JsonObject,
  component: keyof typeof LIST_FIELDS,
  implementations: Readonly<Record<string, T>>,
): T {
  const type = checkOneOf(step['type'], `${component}.type`, Object.keys(implementations));
  return implementations[type] as T;
}
