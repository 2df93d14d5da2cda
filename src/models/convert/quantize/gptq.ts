import { invalidModel } from '../../package/invalid-model.js';
import type { CheckpointQuantization } from '../checkpoint/architecture.js';
import { type MatrixSource, type OnBlock, encodeWeight, matrixSize } from './encode-weight.js';
import type { WeightFiles } from '../write/weight-files.js';
import type { KnownTensor } from '../checkpoint/tensor-names.js';
import { readValues } from '../checkpoint/float-formats.js';
import type { StoredTensor } from '../checkpoint/safetensors.js';
import type { WeightSlot } from '../graph/weight-layout.js';

/** A matrix [rows, columns] as GPTQ stores it: both parts lie on their side. */
interface GptqWeight {
  /** int32 [columns / 8, rows]: eight values of a row, the first in the lowest bits. */
  readonly packed: StoredTensor;
  /** Floats [groups, rows]. */
  readonly scales: StoredTensor;
  readonly groupSize: number;
}

/** Values of four bits in a word, and the middle of their range. */
const VALUES_PER_WORD = 8;
const MIDDLE = 8;

/** Eight middles in a word; older writers stored one less. */
const ZERO_WORDS = { exact: 0x88888888, 'less-one': 0x77777777 } as const;

/**
 * Checks the parts that hold no values: that zero is in the middle, that groups follow the columns, and that a
 * bias changes nothing.
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
  if (!isSound) throw invalidModel(`${weight} is quantised in a way that is not supported`);
}

/** Writes such a weight to all its slots; blocks of the same size take it as it is. @throws MODEL_INVALID */
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
    throw invalidModel(`${slot.tensor} is not quantised in the groups that it should be`);
  }
  const lying = readWords(packed);
  const standing = turn(lying, columns / VALUES_PER_WORD, new Uint32Array(lying.length));
  const factors = turn(readValues(scales), groups, new Float32Array(groups * rows));
  const others: WeightSlot[] = [];
  for (const each of slots) {
    const { placement, file } = each;
    if (placement.kind !== 'blocks' || placement.bits !== 4 || placement.blockSize !== groupSize) {
      others.push(each);
      continue;
    }
    const write = files.writer(file);
    write(
      bytesOf(fillUp(standing, rows, (groups * groupSize) / VALUES_PER_WORD)),
      placement.offset,
    );
    write(bytesOf(factors), placement.scales);
    onBlock(others.length === 0 ? 1 : 0);
  }
  if (others.length === 0) return;
  const source = createWordSource(standing, factors, { rows, columns, groupSize });
  await encodeWeight(source, others, files, onBlock);
}

/** [height, width] -> [width, height] */
function turn<T extends Uint32Array | Float32Array>(from: T, height: number, to: T): T {
  const width = from.length / height;
  // In stripes as wide as a line of the processor's cache, which is then read once.
  for (let first = 0; first < width; first += 16) {
    const last = Math.min(first + 16, width);
    for (let y = 0; y < height; y++) {
      for (let x = first; x < last; x++) to[x * height + y] = from[y * width + x] ?? 0;
    }
  }
  return to;
}

/** Makes rows of words longer, with words that mean zero. */
function fillUp(words: Uint32Array, rows: number, rowWords: number): Uint32Array {
  const given = words.length / rows;
  if (given === rowWords) return words;
  const filled = new Uint32Array(rows * rowWords).fill(ZERO_WORDS.exact);
  for (let row = 0; row < rows; row++) {
    filled.set(words.subarray(row * given, (row + 1) * given), row * rowWords);
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
          values[row * columns + column] = (level - MIDDLE) * factor;
        }
      }
      return values.subarray(0, count * columns);
    },
  };
}

function readWords(tensor: StoredTensor): Uint32Array {
  if (tensor.format !== 'I32' && tensor.format !== 'U32') {
    throw invalidModel(`weights in the format ${tensor.format} are not supported`);
  }
  const bytes = new Uint8Array(tensor.bytes);
  tensor.read(bytes, 0);
  return new Uint32Array(bytes.buffer);
}

function bytesOf(values: Uint32Array | Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
