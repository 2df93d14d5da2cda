import type { JsonObject } from '../../package/json-fields.js';

/**
 * Languages that publishers document for their decoders, by `model_type`. The card of a vision-language model often
 * names those of its training data alone, English and Chinese for LLaVA-OneVision.
 */
const DOCUMENTED_LANGUAGES: ReadonlyMap<unknown, readonly string[]> = new Map([
  // Qwen2 (June 2024): English, Chinese and 27 others.
  [
    'qwen2',
    'ar bn ceb cs de en es fa fr he hi id it ja km ko lo ms my nl pl pt ru th tl tr ur vi zh'.split(
      ' ',
    ),
  ],
]);

/**
 * The languages of a model: those of its card and those documented for its decoder.
 *
 * @param card BCP 47 tags; null if the card names none. Then the answer is null too.
 * @param config `config.json`, for the decoder's `model_type`.
 */
export function modelLanguages(
  card: readonly string[] | null,
  config: JsonObject,
): readonly string[] | null {
  if (card === null) return null;
  const text = config['text_config'];
  const decoder = typeof text === 'object' && text !== null ? (text as JsonObject) : config;
  const documented = DOCUMENTED_LANGUAGES.get(decoder['model_type']) ?? [];
  return [...new Set([...card, ...documented])].sort();
}
