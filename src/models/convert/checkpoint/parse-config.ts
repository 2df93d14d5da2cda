import {
  type JsonObject,
  checkInteger,
  checkList,
  checkObject,
  checkOneOf,
  checkString,
} from '../../package/json-fields.js';
import type { Architecture } from './architecture.js';
import { checkSupported } from './check-supported.js';
import { LLAVA_CLASSES, type LlavaClass } from './llava-classes.js';
import { parseDecoder } from './parse-decoder.js';
import { parseQuantization } from './parse-quantization.js';
import { parseVision } from './parse-vision.js';

const TOKEN = { min: 0, max: 1 << 24 };
const MAX_NAME_LENGTH = 256;

/** Classes of transformers without a vision encoder. */
const TEXT_CLASSES = { LlamaForCausalLM: null };

const CLASSES: Readonly<Record<string, LlavaClass | null>> = { ...LLAVA_CLASSES, ...TEXT_CLASSES };

/**
 * Parses `config.json` and `generation_config.json` (`{}` if missing). transformers omits fields with the default value
 * of the configuration class, so the same defaults are used here. A wrong default would not match the shapes of the
 * weights.
 *
 * @throws MODEL_INVALID if a field is out of range or needs an unsupported feature.
 */
export function parseArchitecture(config: JsonObject, generation: JsonObject): Architecture {
  const [name = ''] = checkList(config['architectures'], 'architectures', 1, (item, label) =>
    checkString(item, label, MAX_NAME_LENGTH),
  );
  const llava = checkSupported(name, 'the architecture', CLASSES);
  if (!llava) {
    return {
      name,
      vision: null,
      decoder: parseDecoder(config, config),
      quantization: parseQuantization(config, config),
      tokens: parseTokens(config, config, generation),
    };
  }
  checkOneOf(config['model_type'], 'model_type', [llava.modelType]);
  const text = checkObject(config['text_config'], 'text_config');
  return {
    name,
    vision: parseVision(config, llava),
    decoder: parseDecoder(text, config),
    quantization: parseQuantization(config, text),
    tokens: parseTokens(config, text, generation),
  };
}

function parseTokens(
  config: JsonObject,
  text: JsonObject,
  generation: JsonObject,
): Architecture['tokens'] {
  const eos = generation['eos_token_id'] ?? text['eos_token_id'] ?? config['eos_token_id'];
  const token = (value: unknown, label: string) => checkInteger(value, label, TOKEN);
  // Older configurations use -1 for a missing token.
  const optional = (field: string) => {
    const value = text[field] ?? config[field] ?? generation[field] ?? -1;
    return value === -1 ? null : token(value, field);
  };
  return {
    bos: optional('bos_token_id'),
    eos: checkList(Array.isArray(eos) ? eos : [eos], 'eos_token_id', 64, token),
    pad: optional('pad_token_id'),
  };
}
