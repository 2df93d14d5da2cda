import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import {
  type Attribute,
  encodeOnnxModel,
  type OnnxGraph,
  type OnnxNode,
} from '../../../src/models/convert/graph/onnx-model.js';
import type { DecoderShape } from '../../hub/synthetic-shapes.js';
import { BITS, BLOCK_SIZE, OnnxWeights } from './onnx-weights.js';

/** Quantizes activations to 8 bits: the fastest kernel. */
const ACCURACY_LEVEL = 4;
const INT32 = 6;
/** The end of a slice that has no limit. */
const TO_THE_END = 2 ** 31 - 1;

const MICROSOFT = 'com.microsoft';

/** The file names of transformers.js for `dtype: 'q4'`. */
const GRAPH_FILE = 'model_q4.onnx';
const WEIGHTS_FILE = 'model_q4.onnx_data';

/**
 * Writes a Llama decoder with random weights in the layout of the usual `q4` exports for transformers.js: inputs are
 * token ids, a mask and `past_key_values`, outputs logits and `present`. Matrices are MatMulNBits in blocks of 32,
 * attention is GroupQueryAttention with RoPE. `num_logits_to_keep` avoids logits for every position of a prompt.
 *
 * @param folder the export's `onnx` folder.
 */
export function writeOnnxExport(folder: string, decoder: DecoderShape, pieces: number): void {
  const weights = new OnnxWeights(folder, WEIGHTS_FILE);
  try {
    const graph = buildGraph(decoder, pieces, weights);
    writeFileSync(join(folder, GRAPH_FILE), encodeOnnxModel(graph));
  } finally {
    weights.close();
  }
}

/** Weight bytes that a decode step reads. */
export function exportBytesPerToken(decoder: DecoderShape, pieces: number): number {
  const { hidden, layers, heads, keyValueHeads, headDim, wide } = decoder;
  const layer = hidden * headDim * 2 * (heads + keyValueHeads) + 3 * hidden * wide;
  return (
    (layers * layer + hidden * pieces) * (BITS / 8 + Float32Array.BYTES_PER_ELEMENT / BLOCK_SIZE)
  );
}

function buildGraph(decoder: DecoderShape, pieces: number, weights: OnnxWeights): OnnxGraph {
  const { hidden, layers, heads, keyValueHeads, headDim, wide, epsilon, positions } = decoder;
  const nodes: OnnxNode[] = [];
  const emit = (
    operator: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    domain = MICROSOFT,
  ): string => {
    nodes.push({ operator, domain, inputs, outputs, attributes });
    return outputs[0]!;
  };
  const standard = (
    operator: string,
    inputs: readonly string[],
    output: string,
    attributes: Readonly<Record<string, Attribute>> = {},
  ) => emit(operator, inputs, [output], attributes, '');
  const product = (input: string, name: string, columns: number, rows: number, share = 1) => {
    const [values, scales] = weights.blocks(name, rows, columns, share / Math.sqrt(columns));
    return emit('MatMulNBits', [input, values, scales], [`${name}.product`], {
      K: { int: columns },
      N: { int: rows },
      bits: { int: BITS },
      block_size: { int: BLOCK_SIZE },
      accuracy_level: { int: ACCURACY_LEVEL },
    });
  };
  const norm = (inputs: readonly string[], name: string) => {
    const scale = weights.floats(`${name}.weight`, [hidden], new Float32Array(hidden).fill(1));
    const [first, second] = inputs as [string, string?];
    const attributes = { epsilon: { float: epsilon } };
    if (second === undefined) {
      const outputs = { normed: `${name}.normed`, sum: first };
      standard('SimplifiedLayerNormalization', [first, scale], outputs.normed, attributes);
      return outputs;
    }
    const outputs = { normed: `${name}.normed`, sum: `${name}.sum` };
    const names = [outputs.normed, '', '', outputs.sum];
    emit('SkipSimplifiedLayerNormalization', [first, second, scale], names, attributes);
    return outputs;
  };

  // Sequence lengths, from the mask.
  standard('ReduceSum', ['attention_mask', weights.integers('one', [1])], 'mask.sum', {
    keepdims: { int: 0 },
  });
  standard('Sub', ['mask.sum', weights.integers('one', [1])], 'mask.last');
  standard('Cast', ['mask.last'], 'seqlens', { to: { int: INT32 } });
  standard('Shape', ['attention_mask'], 'mask.shape');
  standard('Gather', ['mask.shape', weights.integer('second', 1)], 'mask.total');
  standard('Cast', ['mask.total'], 'total', { to: { int: INT32 } });

  const [table, tableScales] = weights.blocks('embed_tokens', pieces, hidden, 1, 'table');
  let stream = emit('GatherBlockQuantized', [table, 'input_ids', tableScales], ['embeddings'], {
    bits: { int: BITS },
    block_size: { int: BLOCK_SIZE },
    gather_axis: { int: 0 },
    quantize_axis: { int: 1 },
  });
  const [cos, sin] = weights.rope(headDim, positions);
  let added: string | undefined;
  for (let layer = 0; layer < layers; layer++) {
    const name = `layers.${layer}`;
    const before = norm(added === undefined ? [stream] : [stream, added], `${name}.input_norm`);
    const width = heads * headDim;
    const keyWidth = keyValueHeads * headDim;
    const query = product(before.normed, `${name}.q_proj`, hidden, width);
    const key = product(before.normed, `${name}.k_proj`, hidden, keyWidth);
    const value = product(before.normed, `${name}.v_proj`, hidden, keyWidth);
    const past = ['key', 'value'].map((part) => `past_key_values.${layer}.${part}`);
    const present = ['key', 'value'].map((part) => `present.${layer}.${part}`);
    const mixed = emit(
      'GroupQueryAttention',
      [query, key, value, ...past, 'seqlens', 'total', cos, sin],
      [`${name}.attention`, ...present],
      {
        num_heads: { int: heads },
        kv_num_heads: { int: keyValueHeads },
        do_rotary: { int: 1 },
        rotary_interleaved: { int: 0 },
      },
    );
    const attended = product(mixed, `${name}.o_proj`, width, hidden, 0.5);
    const after = norm([before.sum, attended], `${name}.post_norm`);
    const gate = product(after.normed, `${name}.gate_proj`, hidden, wide);
    const up = product(after.normed, `${name}.up_proj`, hidden, wide);
    const sigmoid = standard('Sigmoid', [gate], `${name}.sigmoid`);
    const activated = standard('Mul', [gate, sigmoid], `${name}.silu`);
    const gated = standard('Mul', [activated, up], `${name}.gated`);
    added = product(gated, `${name}.down_proj`, wide, hidden, 0.5);
    stream = after.sum;
  }
  const { normed } = norm([stream, added!], 'final_norm');
  standard('Neg', ['num_logits_to_keep'], 'kept.negative');
  standard('Reshape', ['kept.negative', weights.integers('one', [1])], 'kept.start');
  const end = weights.integers('end', [TO_THE_END]);
  const kept = standard('Slice', [normed, 'kept.start', end, weights.integers('one', [1])], 'kept');
  nodes.push({
    operator: 'Identity',
    domain: '',
    inputs: [product(kept, 'lm_head', hidden, pieces)],
    outputs: ['logits'],
    attributes: {},
  });

  const cache = ['batch_size', keyValueHeads, 'past_sequence_length', headDim];
  const both = Array.from({ length: layers }, (_, layer) => [
    `${layer}.key`,
    `${layer}.value`,
  ]).flat();
  const float = (name: string, shape: readonly (number | string)[]) => ({
    ...{ name, shape, type: 'float32' as const },
  });
  const integers = (name: string, shape: readonly string[]) => ({
    ...{ name, shape, type: 'int64' as const },
  });
  return {
    name: 'decoder',
    nodes,
    initializers: weights.initializers,
    inputs: [
      integers('input_ids', ['batch_size', 'sequence_length']),
      integers('attention_mask', ['batch_size', 'total_sequence_length']),
      integers('num_logits_to_keep', []),
      ...both.map((name) => float(`past_key_values.${name}`, cache)),
    ],
    outputs: [
      float('logits', ['batch_size', 'kept', pieces]),
      ...both.map((name) =>
        float(`present.${name}`, ['batch_size', keyValueHeads, 'total_sequence_length', headDim]),
      ),
    ],
  };
}
