import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { float16ToNumber } from '../../../src/models/convert/checkpoint/float-formats.js';
import type { DecoderShape } from '../../hub/synthetic-shapes.js';
import { createTemporaryFolder, type TemporaryFolder } from '../../setup/temporary-folder.js';
import { encodeGgufHeader, tensorBytes } from './gguf-file.js';
import { ggufBytes, ggufBytesPerToken, listLlamaTensors, writeLlamaGguf } from './llama-gguf.js';

const DECODER: DecoderShape = {
  ...{ family: 'llama', head: 'own' },
  ...{ hidden: 256, layers: 2, heads: 4, keyValueHeads: 2, headDim: 64 },
  ...{ wide: 320, positions: 512, epsilon: 1e-5 },
};
const PIECES = 512;
/** A dependency of the bench, which `npm run bench` installs. Not a program that CI needs. */
const PARSER = join(import.meta.dirname, '../node_modules/@huggingface/gguf/dist/index.mjs');

describe('a GGUF file with random weights', () => {
  let folder: TemporaryFolder;
  let path: string;
  beforeAll(() => {
    folder = createTemporaryFolder();
    path = folder.path('model.gguf');
    writeLlamaGguf(path, DECODER, PIECES);
  });
  afterAll(() => folder.remove());

  it('has the length of its header and its tensors', () => {
    const tensors = listLlamaTensors(DECODER, PIECES);
    const bytes = readFileSync(path);
    expect(bytes.subarray(0, 4).toString()).toBe('GGUF');
    expect(bytes.readUInt32LE(4)).toBe(3);
    expect(bytes.readBigUInt64LE(8)).toBe(BigInt(tensors.length));
    // All tensor sizes of this shape are multiples of the alignment, 32 bytes.
    const start = bytes.length - ggufBytes(DECODER, PIECES);
    expect(start % 32).toBe(0);
    expect(bytes.lastIndexOf('output.weight', start)).toBeGreaterThan(0);
  });

  it('stores layers in Q4_0 and the head in Q6_K', () => {
    const types = new Map(listLlamaTensors(DECODER, PIECES).map(({ name, type }) => [name, type]));
    expect(types.get('token_embd.weight')).toBe('Q4_0');
    expect(types.get('blk.1.ffn_down.weight')).toBe('Q4_0');
    expect(types.get('blk.1.ffn_norm.weight')).toBe('F32');
    expect(types.get('output.weight')).toBe('Q6_K');
    const perLayer = 256 * 64 * (4 + 2 + 2 + 4) + 3 * 256 * 320;
    const norms = (2 * 2 + 1) * 256 * 4;
    const head = (PIECES * 256 * 210) / 256;
    expect(ggufBytesPerToken(DECODER, PIECES)).toBe((2 * perLayer * 18) / 32 + norms + head);
  });

  it('has the biases and the tied head of Qwen2', () => {
    const qwen2 = { ...DECODER, family: 'qwen2', head: 'embeddings', hidden: 224 } as const;
    const tensors = listLlamaTensors(qwen2, PIECES);
    const types = new Map(tensors.map(({ name, type }) => [name, type]));
    expect(types.get('token_embd.weight')).toBe('Q8_0');
    expect(types.has('output.weight')).toBe(false);
    const biases = tensors.filter(({ name }) => name.endsWith('.bias'));
    expect(biases.map(({ name, dimensions }) => [name, dimensions])).toEqual(
      [0, 1].flatMap((layer) => [
        [`blk.${layer}.attn_q.bias`, [256]],
        [`blk.${layer}.attn_k.bias`, [128]],
        [`blk.${layer}.attn_v.bias`, [128]],
      ]),
    );
    expect(ggufBytesPerToken(qwen2, PIECES)).toBe(ggufBytes(qwen2, PIECES));
  });

  it('has weights with the documented standard deviation', () => {
    const [embeddings] = listLlamaTensors(DECODER, PIECES);
    const bytes = Buffer.concat([...embeddings!.read()]);
    const values: number[] = [];
    for (let start = 0; start < bytes.length; start += 18) {
      const scale = float16ToNumber(bytes.readUInt16LE(start));
      for (const byte of bytes.subarray(start + 2, start + 18)) {
        values.push(scale * ((byte & 15) - 8), scale * ((byte >> 4) - 8));
      }
    }
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect(Math.sqrt(variance)).toBeCloseTo(1, 1);
  });

  (existsSync(PARSER) ? it : it.skip)(
    'can be parsed by the parser of the Hugging Face hub',
    async () => {
      const { gguf } = (await import(pathToFileURL(PARSER).href)) as {
        gguf(
          path: string,
          options: object,
        ): Promise<{
          readonly metadata: Readonly<Record<string, unknown>>;
          readonly tensorInfos: readonly { readonly name: string; readonly dtype: number }[];
        }>;
      };
      const { metadata, tensorInfos } = await gguf(path, { allowLocalFile: true });
      expect(metadata['general.architecture']).toBe('llama');
      expect(metadata['llama.attention.head_count_kv']).toBe(2);
      expect(metadata['tokenizer.ggml.tokens']).toHaveLength(PIECES);
      expect(tensorInfos.map(({ name }) => name)).toEqual(
        listLlamaTensors(DECODER, PIECES).map(({ name }) => name),
      );
      expect(tensorInfos.at(-1)!.dtype).toBe(14);
    },
  );
});

describe('the GGUF writer', () => {
  it('pads the header to the alignment of tensors', () => {
    const header = encodeGgufHeader({ 'general.name': { text: 'x' } }, []);
    expect(header.length % 32).toBe(0);
  });

  it('throws a RangeError for rows that are no multiple of the block size', () => {
    expect(() => tensorBytes({ name: 'x', dimensions: [100, 2], type: 'Q4_0' })).toThrow(
      RangeError,
    );
  });
});
