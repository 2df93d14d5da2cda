import {
  type JsonObject,
  checkList,
  checkObject,
  checkOneOf,
  checkSupported,
} from '../../package/json-fields.js';
import type { Architecture } from './architecture.js';
import { DECODER_FAMILIES } from './decoder-families.js';
import { LLAVA_CLASSES, type LlavaClass } from './llava-classes.js';
import { type DecoderSource, findDecoderFamily, parseDecoder } from './parse-decoder.js';
import { findGenerationFile } from './parse-generation.js';
import { parseQuantization } from './parse-quantization.js';
import { parseTokens } from './parse-tokens.js';
import { parseVision } from './parse-vision.js';

/** Classes of transformers without a vision encoder. */
const TEXT_CLASSES = Object.fromEntries(
  Object.values(DECODER_FAMILIES).map(({ textModel }) => [textModel, null]),
);

const CLASSES: Readonly<Record<string, LlavaClass | null>> = { ...LLAVA_CLASSES, ...TEXT_CLASSES };

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
  const { name, llava, source } = findClass(config, tensorNames);
  const { decoder, notes } = parseDecoder(source);
  const { tokens, notes: notesOnTokens } = parseTokens(
    source,
    findGenerationFile(config, generation),
  );
  return {
    name,
    vision: llava && parseVision(config, llava),
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
  const { llava, source } = findClass(config, []);
  parseDecoder(source);
  parseQuantization(config, source.json);
  if (llava) parseVision(config, llava);
}

/** The class of the model, and the configuration of its decoder. */
function findClass(
  config: JsonObject,
  tensorNames: Iterable<string>,
): {
  readonly name: string;
  /** `null` for a text model. */
  readonly llava: LlavaClass | null;
  readonly source: DecoderSource;
} {
  const [name = ''] = checkList(config['architectures'], 'architectures', 1, (item, label) =>
    checkSupported(item, label, Object.keys(CLASSES)),
  );
  const llava = CLASSES[name] ?? null;
  if (!llava) {
    const source = { json: config, config, modelType: undefined, tensorNames };
    checkOneOf(name, 'architectures[0]', [findDecoderFamily(source).textModel]);
    return { name, llava, source };
  }
  checkOneOf(config['model_type'], 'model_type', [llava.modelType]);
  const json = checkObject(config['text_config'] ?? {}, 'text_config');
  return { name, llava, source: { json, config, modelType: llava.decoder, tensorNames } };
}
