import { cacheBytesPerToken } from '../../decoder/kv-cache/cache-planes.js';
import type { ModelCosts } from '../../engine/vision-language-engine.js';
import {
  fourBitBlockSize,
  PACKAGE_FILES,
  type ModelManifest,
  type Precision,
  type WeightEncoding,
} from '../../models/package/manifest.js';

/** Bytes of a weight. */
const FLOAT = 4;
const BYTE = 1;

/**
 * About how many bytes the graphs' weights of a model would take in another precision, from a package of it. Norms and
 * biases, a thousandth of them, are left out.
 */
export function projectWeights(manifest: ModelManifest, precision: Precision): number {
  const { vision, decoder, files } = manifest;
  const { hiddenSize, headDim, attentionHeads, keyValueHeads, intermediateSize } = decoder;
  const attention = hiddenSize * headDim * (2 * attentionHeads + 2 * keyValueHeads);
  const layers = decoder.layers * (attention + 3 * hiddenSize * intermediateSize);
  const head = decoder.vocabularySize * hiddenSize;
  // The manifest does not say how wide the tower's perceptrons are; its file does.
  const towerBytes = files[PACKAGE_FILES.visionWeights]?.bytes ?? 0;
  const tower = vision ? towerBytes / bytesPerWeight(vision.encoding) : 0;
  const fourBits = 0.5 + FLOAT / fourBitBlockSize(hiddenSize);
  switch (precision) {
    case 'fp32':
      return FLOAT * (tower + layers + head);
    case 'int8':
      return BYTE * (tower + layers) + fourBits * head;
    case 'int4':
      return BYTE * tower + fourBits * (layers + head);
    case 'mixed':
      return BYTE * (tower + layers) + fourBits * (layers + head);
  }
}

/** What an estimate of memory is made from, as it would be in another precision. */
export function projectCosts(
  manifest: ModelManifest,
  precision: Precision,
): Pick<ModelCosts, 'weightBytes' | 'cacheBytesPerToken'> {
  const cache = precision === 'fp32' ? 'float32' : 'int8-rows';
  return {
    weightBytes: projectWeights(manifest, precision),
    cacheBytesPerToken: cacheBytesPerToken({ ...manifest.decoder, cache }),
  };
}

function bytesPerWeight(encoding: WeightEncoding): number {
  switch (encoding.kind) {
    case 'float32':
      return FLOAT;
    case 'int8-rows':
      return BYTE;
    case 'blocks':
      return encoding.bits / 8 + FLOAT / encoding.blockSize;
  }
}
