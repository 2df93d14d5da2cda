import { type JsonObject, checkList, checkObject, checkOneOf } from '../../package/json-fields.js';
import type { Architecture } from './architecture.js';
import { parseDecoder } from './parse-decoder.js';
import { findGenerationFile } from './parse-generation.js';
import { parseQuantization } from './parse-quantization.js';
import { parseTokens } from './parse-tokens.js';
import { parseVision } from './parse-vision.js';

const FAMILIES = ['LlavaOnevisionForConditionalGeneration', 'LlamaForCausalLM'] as const;

/**
 * Parses `config.json` and `generation_config.json` (`{}` if missing). transformers omits fields with the default value
 * of the configuration class, so the same defaults are used here. A wrong default would not match the shapes of the
 * weights.
 *
 * @throws MODEL_INVALID if a field is out of range or needs an unsupported feature.
 */
export function parseArchitecture(config: JsonObject, generation: JsonObject): Architecture {
  const generationFile = findGenerationFile(config, generation);
  const [name] = checkList(config['architectures'], 'architectures', 1, (item, label) =>
    checkOneOf(item, label, FAMILIES),
  );
  if (name === 'LlamaForCausalLM') {
    return {
      name,
      vision: null,
      decoder: parseDecoder(config, config),
      quantization: parseQuantization(config, config),
      ...parseTokens(config, config, generationFile),
    };
  }
  checkOneOf(config['model_type'], 'model_type', ['llava_onevision']);
  const text = checkObject(config['text_config'], 'text_config');
  return {
    name: 'LlavaOnevisionForConditionalGeneration',
    vision: parseVision(config),
    decoder: parseDecoder(text, config),
    quantization: parseQuantization(config, text),
    ...parseTokens(config, text, generationFile),
  };
}
