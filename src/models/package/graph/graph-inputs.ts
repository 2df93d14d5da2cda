import type { GraphInputs } from './check-graph.js';
import type { DecoderManifest, VisionManifest } from '../manifest.js';

/** Inputs of `vision.onnx`. */
export function visionInputs({ imageSize }: VisionManifest): GraphInputs {
  return new Map([['pixel_values', [null, 3, imageSize, imageSize]]]);
}

/** Inputs of `head.onnx`. */
export function headInputs({ hiddenSize }: DecoderManifest): GraphInputs {
  return new Map([['hidden', [null, hiddenSize]]]);
}

/** Inputs of `decoder.onnx` and `prefill.onnx`; see `emitDecoderGraph` for their shapes. */
export function decoderInputs(decoder: DecoderManifest): GraphInputs {
  const { hiddenSize, layers, keyValueHeads, headDim, cache } = decoder;
  const perPosition = ['key_scale', 'key_shift', 'value_scale'];
  const planes = [
    { part: 'key', sizes: cache === 'float32' ? [null, headDim] : [headDim, null] },
    { part: 'value', sizes: [null, headDim] },
    ...(cache === 'float32' ? [] : perPosition).map((part) => ({ part, sizes: [1, null] })),
  ];
  return new Map<string, readonly (number | null)[]>([
    ['inputs_embeds', [null, null, hiddenSize]],
    ['position_ids', [null, null]],
    ['rope_cos', [null, headDim / 2]],
    ['rope_sin', [null, headDim / 2]],
    ['past_length', [1]],
    ['attention_bias', [null, 1, 1, null]],
    ...Array.from({ length: layers }, (_, layer) =>
      planes.flatMap(({ part, sizes }) => [
        [`prefix.${layer}.${part}`, [1, keyValueHeads, ...sizes]] as const,
        [`past.${layer}.${part}`, [null, keyValueHeads, ...sizes]] as const,
      ]),
    ).flat(),
  ]);
}
