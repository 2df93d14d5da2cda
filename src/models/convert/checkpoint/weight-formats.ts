import { invalidCheckpoint } from '../../package/invalid-model.js';

const SAFETENSORS = ['model.safetensors', 'model.safetensors.index.json'];

/** A file name that is safe to print. */
const PLAIN_NAME = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$/;

/** Files that hold weights in a way that cannot be converted, with the problem and the remedy; the first match wins. */
const OTHER_FORMATS: readonly (readonly [RegExp, string])[] = [
  [
    /^adapter_(?:model\.(?:safetensors|bin)|config\.json)$/,
    'it is a LoRA adapter, which changes another model. Download both, and convert them together: `npx salamandra convert BASE_MODEL --adapter ADAPTER --out PACKAGE`',
  ],
  [
    /\.gguf$/i,
    'GGUF weights are quantized for llama.cpp. Use the repository they were made from; its model card names it',
  ],
  [
    /^pytorch_model.*\.bin(?:\.index\.json)?$|\.(?:bin|pth?|ckpt)$/i,
    'PyTorch weights are pickled, and reading them runs code. Write them as safetensors first, with `save_pretrained` of transformers, or use a revision that has safetensors: `--revision refs/pr/NUMBER`',
  ],
  [
    /(?:^onnx|\.onnx(?:\.data|_data)?)$/i,
    'ONNX exports of other tools are not supported. Use the repository they were made from; its model card names it',
  ],
  [/\.(?:h5|msgpack)$/i, 'TensorFlow and Flax weights are not supported. Use safetensors'],
  [
    /^consolidated\b.*\.safetensors$/,
    'the weights have the names of their authors. Use the repository in the format of Hugging Face transformers',
  ],
  [
    /^model-\d+-of-\d+\.safetensors$/,
    'the index of the shards, model.safetensors.index.json, is missing. Download it too',
  ],
  [
    /\.safetensors$/,
    'the weights do not have the names that transformers writes: model.safetensors, or shards with model.safetensors.index.json',
  ],
];

/**
 * Checks that a checkpoint has weights in safetensors.
 *
 * @param names of all files in its folder or repository.
 * @throws MODEL_INVALID naming a file in another format, and the remedy.
 */
export function checkWeightFormat(names: Iterable<string>): void {
  const found = new Set(names);
  if (SAFETENSORS.some((name) => found.has(name))) return;
  const plain = [...found].filter((name) => PLAIN_NAME.test(name)).sort();
  for (const [format, problem] of OTHER_FORMATS) {
    const file = plain.find((name) => format.test(name));
    if (file !== undefined) throw invalidCheckpoint(file, problem);
  }
  throw invalidCheckpoint(null, `there are no weights: ${SAFETENSORS.join(' and ')} are missing`);
}
