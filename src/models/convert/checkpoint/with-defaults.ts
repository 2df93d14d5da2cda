import type { JsonObject } from '../../package/json-fields.js';

/**
 * The fields of a configuration file, and the defaults of its class in transformers for fields that it leaves out or
 * sets to null.
 */
export function withDefaults(defaults: JsonObject, json: JsonObject): JsonObject {
  const given = Object.entries(json).filter(([, value]) => (value ?? null) !== null);
  return { ...defaults, ...Object.fromEntries(given) };
}
