import { invalidModel } from '../../package/invalid-model.js';
import type { CheckpointQuantization } from '../checkpoint/architecture.js';
import { type MatrixSource, type OnBlock, encodeWeight, matrixSize } from './encode-weight.js';
import type { WeightFiles } from '../write/weight-files.js';
import type { KnownTensor } from '../checkpoint/tensor-names.js';
import { readValues } from '../checkpoint/float-formats.js';
import type { StoredTensor } from '../checkpoint/safetensors.js';
import type { WeightSlot } from '../graph/weight-layout.js';

/** A GPTQ matrix [rows, columns]. Both tensors are stored transposed. */
interface GptqWeight {
  /** `qweight`: int32 [columns / 8, rows], 8 values of a row per word, the first in the lowest bits. */
  readonly packed: StoredTensor;
  /** Float [groups, rows]. */
  readonly scales: StoredTensor;
  readonly groupSize: number;
}

/** 4-bit values per word, and their zero point. */
const VALUES_PER_WORD = 8;
const ZERO_POINT = 8;

/** 8 zero points per word. Exporters of the `gptq` format (v1) store zero point - 1. */
const ZERO_WORDS = { exact: 0x88888888, 'less-one': 0x77777777 } as const;

/**
 * Checks the tensors that are not stored in a package: `qzeros` must be symmetric, `g_idx` in column order (no
 * act-order), `bias` zero.
 *
 * @throws MODEL_INVALID
 */
export function checkGptqTensor(
  { role, weight }: KnownTensor,
  tensor: StoredTensor,
  quantization: CheckpointQuantization,
): void {
  if (quantization.kind !== 'gptq') return;
  const { groupSize, zeroPoints } = quantization;
  const isAll = (isExpected: (word: number, index: number) => boolean) =>
    readWords(tensor).every(isExpected);
  const isSound =
    role === 'qzeros'
      ? isAll((word) => word === ZERO_WORDS[zeroPoints])
      : role === 'g_idx'
        ? isAll((word, index) => word === Math.floor(index / groupSize))
        : role !== 'bias' || readValues(tensor).every((value) => value === 0);
  if (!isSound) {
    throw invalidModel(
      `\`${weight}\`: ${role} is not supported; only symmetric GPTQ without act-order and bias is`,
    );
  }
}

/**
 * Writes a GPTQ weight to all its slots. Slots with 4-bit blocks of the same size receive its values unchanged.
 *
 * @throws MODEL_INVALID, STORAGE_FULL
 */
export async function encodeGptqWeight(
  weight: GptqWeight,
  slots: readonly WeightSlot[],
  files: WeightFiles,
  onBlock: OnBlock,
): Promise<void> {
  const { packed, scales, groupSize } = weight;
  const [slot] = slots;
  if (!slot) return;
  const { rows, columns } = matrixSize(slot.shape);
  const groups = Math.ceil(columns / groupSize);
  const words = [columns / VALUES_PER_WORD, rows].join();
  if (packed.shape.join() !== words || scales.shape.join() !== [groups, rows].join()) {
    throw invalidModel(
      `\`${slot.tensor}\`: qweight must have the shape [${words}] and scales [${[groups, rows].join()}], found [${packed.shape.join()}] and [${scales.shape.join()}]`,
    );
  }
  const stored = readWords(packed);
  const rowWords = transpose(stored, columns / VALUES_PER_WORD, new Uint32Array(stored.length));
  const factors = transpose(readValues(scales), groups, new Float32Array(groups * rows));
  const others: WeightSlot[] = [];
  for (const target of slots) {
    const { placement, file } = target;
    if (placement.kind !== 'blocks' || placement.bits !== 4 || placement.blockSize !== groupSize) {
      others.push(target);
      continue;
    }
    const write = files.writer(file);
    write(
      bytesOf(padRows(rowWords, rows, (groups * groupSize) / VALUES_PER_WORD)),
      placement.offset,
    );
    write(bytesOf(factors), placement.scales);
    onBlock(others.length === 0 ? 1 : 0);
  }
  if (others.length === 0) return;
  const source = createWordSource(rowWords, factors, { rows, columns, groupSize });
  await encodeWeight(source, others, files, onBlock);
}

/** [height, width] -> [width, height] */
function transpose<T extends Uint32Array | Float32Array>(from: T, height: number, to: T): T {
  const width = from.length / height;
  // In column ranges as wide as a cache line (16 values of 4 bytes), so that each line is read once.
  for (let first = 0; first < width; first += 16) {
    const last = Math.min(first + 16, width);
    for (let y = 0; y < height; y++) {
      for (let x = first; x < last; x++) to[x * height + y] = from[y * width + x] ?? 0;
    }
  }
  return to;
}

/** Pads each row to `paddedWords` words with zeros. */
function padRows(words: Uint32Array, rows: number, paddedWords: number): Uint32Array {
  const given = words.length / rows;
  if (given === paddedWords) return words;
  const filled = new Uint32Array(rows * paddedWords).fill(ZERO_WORDS.exact);
  for (let row = 0; row < rows; row++) {
    filled.set(words.subarray(row * given, (row + 1) * given), row * paddedWords);
  }
  return filled;
}

function createWordSource(
  words: Uint32Array,
  factors: Float32Array,
  { rows, columns, groupSize }: { rows: number; columns: number; groupSize: number },
): MatrixSource {
  const groups = factors.length / rows;
  let values = new Float32Array();
  return {
    rows,
    columns,
    readRows: (start, count) => {
      if (values.length < count * columns) values = new Float32Array(count * columns);
      for (let row = 0; row < count; row++) {
        for (let column = 0; column < columns; column++) {
          const index = (start + row) * columns + column;
          const word = words[index >>> 3] ?? 0;
          const level = (word >>> ((column & 7) * 4)) & 15;
          const factor = factors[(start + row) * groups + Math.floor(column / groupSize)] ?? 0;
          values[row * columns + column] = (level - ZERO_POINT) * factor;
        }
      }
      return values.subarray(0, count * columns);
    },
  };
}

function readWords(tensor: StoredTensor): Uint32Array {
  if (tensor.format !== 'I32' && tensor.format !== 'U32') {
    throw invalidModel(`GPTQ tensors must be I32 or U32, found ${tensor.format}`);
  }
  const bytes = new Uint8Array(tensor.bytes);
  tensor.read(bytes, 0);
  return new Uint32Array(bytes.buffer);
}

function bytesOf(values: Uint32Array | Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
