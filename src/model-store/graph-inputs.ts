import type { GraphInputs } from './check-graph.js';
import type { DecoderManifest, VisionManifest } from './manifest.js';

/** What `vision.onnx` may be fed. */
export function visionInputs({ imageSize }: VisionManifest): GraphInputs {
  return new Map([['pixel_values', [null, 3, imageSize, imageSize]]]);
}

/** What `decoder.onnx` and `prefill.onnx` may be fed. */
export function decoderInputs(decoder: DecoderManifest): GraphInputs {
  const { hiddenSize, layers, keyValueHeads, headDim } = decoder;
  const rows = [null, keyValueHeads, null, headDim];
  return new Map<string, readonly (number | null)[]>([
    ['inputs_embeds', [null, null, hiddenSize]],
    ['position_ids', [null, null]],
    ['rope_cos', [null, headDim / 2]],
    ['rope_sin', [null, headDim / 2]],
    ['attention_bias', [null, 1, 1, null, null]],
    ...Array.from({ length: layers }, (_, layer) => [
      [`past.${layer}.key`, rows] as const,
      [`past.${layer}.value`, rows] as const,
    ]).flat(),
  ]);
}
