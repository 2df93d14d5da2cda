import type { DecoderShape } from '../../hub/synthetic-shapes.js';
import {
  GGML_TYPES,
  type GgmlTypeName,
  type GgufTensor,
  type GgufValue,
  tensorBytes,
  writeGguf,
} from './gguf-file.js';
import { type RandomType, readRandomBlocks } from './random-blocks.js';

/** `general.file_type`: most tensors are Q4_0. */
const MOSTLY_Q4_0 = 2;
const ROPE_BASE = 10_000;

const CONTROL_PIECES = ['<unk>', '<s>', '</s>'];
const BYTE_PIECES = 256;
/** `tokenizer.ggml.token_type`. */
const PIECE_NORMAL = 1;
const PIECE_UNKNOWN = 2;
const PIECE_CONTROL = 3;
const PIECE_BYTE = 6;

/**
 * Writes a decoder with random weights in the format of llama.cpp's quantizer for Q4_0: layers and token embeddings in
 * Q4_0, and the output head in Q6_K, or in Q8_0 if its columns are no multiple of 256. The embeddings are the head if
 * both are tied.
 */
export function writeLlamaGguf(path: string, decoder: DecoderShape, pieces: number): void {
  writeGguf(path, describeLlama(decoder, pieces), listLlamaTensors(decoder, pieces));
}

/** Weight bytes that a decode step reads: all but token embeddings that are not the head. */
export function ggufBytesPerToken(decoder: DecoderShape, pieces: number): number {
  return listLlamaTensors(decoder, pieces)
    .filter(({ name }) => name !== 'token_embd.weight' || decoder.head === 'embeddings')
    .reduce((sum, tensor) => sum + tensorBytes(tensor), 0);
}

/** Bytes of all weights. */
export function ggufBytes(decoder: DecoderShape, pieces: number): number {
  return listLlamaTensors(decoder, pieces).reduce((sum, tensor) => sum + tensorBytes(tensor), 0);
}

export function listLlamaTensors(decoder: DecoderShape, pieces: number): GgufTensor[] {
  const { family, head, hidden, layers, heads, keyValueHeads, headDim, wide } = decoder;
  const headType: RandomType = hidden % GGML_TYPES.Q6_K.weights === 0 ? 'Q6_K' : 'Q8_0';
  const isTied = head === 'embeddings';
  const width = heads * headDim;
  const keyWidth = keyValueHeads * headDim;
  return [
    matrix('token_embd', hidden, pieces, { type: isTied ? headType : 'Q4_0', deviation: 1 }),
    ...Array.from({ length: layers }, (_, layer) => {
      const block = `blk.${layer}`;
      return [
        ones(`${block}.attn_norm`, hidden),
        matrix(`${block}.attn_q`, hidden, width),
        matrix(`${block}.attn_k`, hidden, keyWidth),
        matrix(`${block}.attn_v`, hidden, keyWidth),
        ...(family === 'qwen2'
          ? [
              zeros(`${block}.attn_q`, width),
              zeros(`${block}.attn_k`, keyWidth),
              zeros(`${block}.attn_v`, keyWidth),
            ]
          : []),
        matrix(`${block}.attn_output`, width, hidden, { share: 0.5 }),
        ones(`${block}.ffn_norm`, hidden),
        matrix(`${block}.ffn_gate`, hidden, wide),
        matrix(`${block}.ffn_up`, hidden, wide),
        matrix(`${block}.ffn_down`, wide, hidden, { share: 0.5 }),
      ];
    }).flat(),
    ones('output_norm', hidden),
    ...(isTied ? [] : [matrix('output', hidden, pieces, { type: headType })]),
  ];
}

function describeLlama(decoder: DecoderShape, pieces: number): Record<string, GgufValue> {
  const { family, hidden, layers, heads, keyValueHeads, headDim, wide, positions, epsilon } =
    decoder;
  return {
    'general.architecture': { text: family },
    'general.name': { text: 'random' },
    'general.file_type': { uint32: MOSTLY_Q4_0 },
    [`${family}.context_length`]: { uint32: positions },
    [`${family}.embedding_length`]: { uint32: hidden },
    [`${family}.block_count`]: { uint32: layers },
    [`${family}.feed_forward_length`]: { uint32: wide },
    [`${family}.attention.head_count`]: { uint32: heads },
    [`${family}.attention.head_count_kv`]: { uint32: keyValueHeads },
    [`${family}.attention.layer_norm_rms_epsilon`]: { float32: epsilon },
    [`${family}.rope.dimension_count`]: { uint32: headDim },
    [`${family}.rope.freq_base`]: { float32: ROPE_BASE },
    [`${family}.vocab_size`]: { uint32: pieces },
    ...describeTokenizer(pieces),
  };
}

/** A SentencePiece vocabulary of the right size. The bench uses token ids only. */
function describeTokenizer(pieces: number): Record<string, GgufValue> {
  const tokens = Array.from({ length: pieces }, (_, id) => {
    const byte = id - CONTROL_PIECES.length;
    if (byte < 0) return CONTROL_PIECES[id]!;
    return byte < BYTE_PIECES
      ? `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`
      : `t${id}`;
  });
  const types = Int32Array.from(tokens, (_, id) => {
    if (id === 0) return PIECE_UNKNOWN;
    if (id < CONTROL_PIECES.length) return PIECE_CONTROL;
    return id < CONTROL_PIECES.length + BYTE_PIECES ? PIECE_BYTE : PIECE_NORMAL;
  });
  return {
    'tokenizer.ggml.model': { text: 'llama' },
    'tokenizer.ggml.tokens': { texts: tokens },
    'tokenizer.ggml.scores': { float32s: Float32Array.from(tokens, (_, id) => -id) },
    'tokenizer.ggml.token_type': { int32s: types },
    'tokenizer.ggml.bos_token_id': { uint32: 1 },
    'tokenizer.ggml.eos_token_id': { uint32: 2 },
    'tokenizer.ggml.unknown_token_id': { uint32: 0 },
  };
}

/** Weights with a standard deviation of `share / sqrt(columns)`, which preserves the scale of the activations. */
function matrix(
  name: string,
  columns: number,
  rows: number,
  {
    // Like the quantizer of llama.cpp for rows that are no multiple of the block size.
    type = columns % GGML_TYPES.Q4_0.weights === 0 ? 'Q4_0' : 'F16',
    share = 1,
    deviation = share / Math.sqrt(columns),
  }: { type?: RandomType; share?: number; deviation?: number } = {},
): GgufTensor {
  const blocks = (columns / GGML_TYPES[type].weights) * rows;
  return {
    ...place(`${name}.weight`, [columns, rows], type),
    read: () => readRandomBlocks(type, blocks, deviation),
  };
}

function ones(name: string, size: number): GgufTensor {
  const bytes = new Uint8Array(new Float32Array(size).fill(1).buffer);
  return { ...place(`${name}.weight`, [size], 'F32'), read: () => [bytes] };
}

function zeros(name: string, size: number): GgufTensor {
  return { ...place(`${name}.bias`, [size], 'F32'), read: () => [new Uint8Array(4 * size)] };
}

function place(name: string, dimensions: readonly number[], type: GgmlTypeName) {
  return { name, dimensions, type };
}
