import {
  type JsonObject,
  checkList,
  checkObject,
  checkOneOf,
  checkSupported,
} from '../../package/json-fields.js';
import type { Architecture } from './architecture.js';
import { DECODER_FAMILIES } from './decoder-families.js';
import { type DecoderSource, findDecoderFamily, parseDecoder } from './parse-decoder.js';
import { findGenerationFile } from './parse-generation.js';
import { parseQuantization } from './parse-quantization.js';
import { parseTokens } from './parse-tokens.js';
import { parseVision } from './parse-vision.js';

const LAYOUT = 'LlavaOnevisionForConditionalGeneration';
/** Decoder of `LlavaOnevisionConfig` if the configuration names none. */
const LAYOUT_DECODER = 'qwen2';

/**
 * Parses `config.json` and `generation_config.json` (`{}` if missing). transformers omits fields with the default value
 * of the configuration class, so the same defaults are used here.
 *
 * @param tensorNames of the checkpoint, in any spelling: they decide whether the output head is tied.
 * @throws MODEL_INVALID if a field is out of range or needs an unsupported feature.
 */
export function parseArchitecture(
  config: JsonObject,
  generation: JsonObject,
  tensorNames: Iterable<string>,
): Architecture {
  const { name, source } = findClass(config, tensorNames);
  const { decoder, notes } = parseDecoder(source);
  const { tokens, notes: notesOnTokens } = parseTokens(
    source,
    findGenerationFile(config, generation),
  );
  return {
    name,
    vision: name === LAYOUT ? parseVision(config) : null,
    decoder,
    quantization: parseQuantization(config, source.json),
    tokens,
    notes: [...notes, ...notesOnTokens],
  };
}

/**
 * Checks whether models of this configuration can be converted, from `config.json` alone.
 *
 * @throws MODEL_INVALID naming the field, the value and the supported ones.
 */
export function checkArchitecture(config: JsonObject): void {
  const { name, source } = findClass(config, []);
  parseDecoder(source);
  parseQuantization(config, source.json);
  if (name === LAYOUT) parseVision(config);
}

/** The class of the model, and the configuration of its decoder. */
function findClass(
  config: JsonObject,
  tensorNames: Iterable<string>,
): { readonly name: string; readonly source: DecoderSource } {
  const textModels = Object.values(DECODER_FAMILIES).map(({ textModel }) => textModel);
  const names = checkList(config['architectures'], 'architectures', 1, (item, label) =>
    checkSupported(item, label, [LAYOUT, ...textModels]),
  );
  const name = names[0] ?? LAYOUT;
  if (name !== LAYOUT) {
    const source = { json: config, config, modelType: undefined, tensorNames };
    checkOneOf(name, 'architectures[0]', [findDecoderFamily(source).textModel]);
    return { name, source };
  }
  checkOneOf(config['model_type'], 'model_type', ['llava_onevision']);
  const json = checkObject(config['text_config'] ?? {}, 'text_config');
  return { name, source: { json, config, modelType: LAYOUT_DECODER, tensorNames } };
}
