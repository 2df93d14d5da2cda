import { createSmallFiles, appendedTokens } from './synthetic-json-files.js';
import { type CheckpointShape, type SyntheticTensor, listTensors } from './synthetic-shapes.js';
import { createTokenizerFile } from './synthetic-tokenizer.js';
import { readTensor } from './synthetic-values.js';

/** A file whose bytes are computed on reading. */
export interface SyntheticFile {
  readonly size: number;
  /** Whether the hub stores it in LFS, by its SHA-256, or in git. */
  readonly storage: 'lfs' | 'git';
  /** The bytes from `begin` to `end`, in read-only pieces. */
  read(begin: number, end: number): Iterable<Buffer>;
}

export interface SyntheticCheckpoint {
  readonly repository: string;
  readonly shape: CheckpointShape;
  /** Files by name. The tokenizer is created on first use and cached. */
  readonly files: ReadonlyMap<string, SyntheticFile>;
}

const BYTES_PER_VALUE = 2;
const LENGTH_FIELD_BYTES = 8;
const HEADER_ALIGNMENT = 8;
/** Tokenizers by size, cached because 256,000 pieces take a second to create. */
const tokenizers = new Map<string, Buffer>();

/** Creates a checkpoint in the layout of the published ones, without its weights in memory. */
export function createSyntheticCheckpoint(shape: CheckpointShape): SyntheticCheckpoint {
  const files = new Map<string, SyntheticFile>();
  for (const [name, text] of Object.entries(createSmallFiles(shape))) {
    files.set(name, fileOf(Buffer.from(text), 'git'));
  }
  files.set('tokenizer.json', {
    get size() {
      return tokenizerOf(shape).length;
    },
    storage: 'lfs',
    read: (begin, end) => [tokenizerOf(shape).subarray(begin, end)],
  });
  // Files of a repository that conversion does not need.
  files.set('.gitattributes', fileOf(Buffer.from('*.safetensors filter=lfs\n'), 'git'));
  files.set('images/diagram.png', fileOf(Buffer.alloc(5_000, 7), 'lfs'));
  files.set('tokenizer.model', fileOf(Buffer.alloc(50_000, 9), 'lfs'));

  const shards = splitIntoShards(listTensors(shape), shape.shardBytes);
  const nameOf = (index: number) =>
    shards.length === 1
      ? 'model.safetensors'
      : `model-${number(index + 1)}-of-${number(shards.length)}.safetensors`;
  shards.forEach((tensors, index) => files.set(nameOf(index), shardFile(tensors)));
  if (shards.length > 1) {
    const places = shards.flatMap((tensors, index) =>
      tensors.map(({ name }) => [name, nameOf(index)] as const),
    );
    const index = {
      metadata: { total_size: shards.flat().reduce((sum, tensor) => sum + bytesOf(tensor), 0) },
      weight_map: Object.fromEntries(places.sort(([a], [b]) => (a < b ? -1 : 1))),
    };
    const text = `${JSON.stringify(index, null, 2)}\n`;
    files.set('model.safetensors.index.json', fileOf(Buffer.from(text), 'git'));
  }
  return { repository: shape.repository, shape, files };
}

/** Reads a whole file. For small files. */
export function readAll(file: SyntheticFile): Buffer {
  return Buffer.concat([...file.read(0, file.size)]);
}

/** A file with these bytes. */
export function fileOf(bytes: Buffer, storage: 'lfs' | 'git'): SyntheticFile {
  return { size: bytes.length, storage, read: (begin, end) => [bytes.subarray(begin, end)] };
}

/** Splits tensors into shards like transformers: in module order, a new shard if the next tensor does not fit. */
function splitIntoShards(
  tensors: readonly SyntheticTensor[],
  shardBytes: number,
): SyntheticTensor[][] {
  const shards: SyntheticTensor[][] = [];
  let left = 0;
  for (const tensor of tensors) {
    if (shards.length === 0 || bytesOf(tensor) > left) {
      shards.push([]);
      left = shardBytes;
    }
    shards.at(-1)!.push(tensor);
    left -= bytesOf(tensor);
  }
  return shards;
}

/** The safetensors file of one shard, with tensors sorted by name like the reference implementation. */
function shardFile(tensors: readonly SyntheticTensor[]): SyntheticFile {
  const sorted = [...tensors].sort((a, b) => (a.name < b.name ? -1 : 1));
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  let offset = 0;
  for (const tensor of sorted) {
    const end = offset + bytesOf(tensor);
    header[tensor.name] = { dtype: 'BF16', shape: tensor.shape, data_offsets: [offset, end] };
    offset = end;
  }
  const start = encodeHeader(JSON.stringify(header));
  const size = start.length + offset;
  const read = function* (begin: number, end: number): Generator<Buffer> {
    if (begin < start.length) yield start.subarray(begin, Math.min(end, start.length));
    let at = start.length;
    for (const tensor of sorted) {
      const bytes = bytesOf(tensor);
      const from = Math.max(begin - at, 0);
      const to = Math.min(end - at, bytes);
      if (from < to) yield* readTensor(tensor.name, tensor.shape, from, to);
      at += bytes;
    }
  };
  return { size, storage: 'lfs', read };
}

function encodeHeader(json: string): Buffer {
  const unpadded = Buffer.byteLength(json);
  const padding = -unpadded & (HEADER_ALIGNMENT - 1);
  const length = Buffer.alloc(LENGTH_FIELD_BYTES);
  length.writeBigUInt64LE(BigInt(unpadded + padding));
  return Buffer.concat([length, Buffer.from(json + ' '.repeat(padding))]);
}

function tokenizerOf(shape: CheckpointShape): Buffer {
  const key = `${shape.pieces} ${shape.vision ? 'sees' : 'reads'}`;
  const known = tokenizers.get(key);
  if (known) return known;
  const bytes = Buffer.from(createTokenizerFile(shape.pieces, appendedTokens(shape)));
  tokenizers.set(key, bytes);
  return bytes;
}

function bytesOf({ shape }: SyntheticTensor): number {
  return shape.reduce((product, size) => product * size, BYTES_PER_VALUE);
}

function number(value: number): string {
  return String(value).padStart(5, '0');
}
