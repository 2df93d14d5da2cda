import type { JsonObject } from '../models/package/json-fields.js';

/**
 * The named special tokens of tokenizer_config.json, such as `bos_token`, by name. They are the variables that
 * transformers gives to chat templates (`special_tokens_map`).
 */
export function listSpecialTokens(config: JsonObject): Record<string, string> {
  const extra = config['extra_special_tokens'];
  // Newer files may list named tokens there, such as {"image_token": "<image>"}.
  const named = { ...config, ...(isRecord(extra) ? extra : {}) };
  return Object.fromEntries(
    Object.entries(named).flatMap(([name, value]) => {
      const content = name.endsWith('_token') ? tokenContent(value) : null;
      return content === null ? [] : [[name, content]];
    }),
  );
}

/** Special tokens are strings or objects with `content`. */
export function tokenContent(value: unknown): string | null {
  const content = isRecord(value) ? value['content'] : value;
  return typeof content === 'string' ? content : null;
}

function isRecord(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
