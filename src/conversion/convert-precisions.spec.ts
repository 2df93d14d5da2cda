import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { referenceLogits } from '../../test/reference-model.js';
import { decodeTiny } from '../../test/tiny-decoder.js';
import type { TinyTensors } from '../../test/tiny-checkpoint.js';
import {
  TINY,
  createNoise,
  encodeSafetensors,
  tinyTensors,
  tinyTextConfig,
  tinyTextTensors,
  writeTinyCheckpoint,
} from '../../test/tiny-checkpoint.js';
import type { Precision } from '../model-store/manifest.js';
import { PRECISIONS } from '../model-store/manifest.js';
import type { ModelPackage } from '../model-store/model-package.js';
import { loadModelPackage } from '../model-store/model-package.js';
import type { GraphTensor } from '../runtime/graph-session.js';
import { loadGraph } from '../runtime/graph-session.js';
import { convertCheckpoint } from './convert-checkpoint.js';
import { quantizeBlockRow } from './quantize-blocks.js';

const { hidden, tokens } = TINY.decoder;
let root: string;
const packages: Partial<Record<Precision, ModelPackage>> = {};

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'convert-precisions-'));
  const checkpointDirectory = join(root, 'tiny');
  await writeTinyCheckpoint(checkpointDirectory);
  for (const precision of PRECISIONS) {
    const outputDirectory = join(root, precision);
    await convertCheckpoint({ checkpointDirectory, outputDirectory, precision });
    packages[precision] = await loadModelPackage(outputDirectory);
  }
});

afterAll(() => rm(root, { recursive: true }));

function random(length: number, seed: number): Float32Array {
  return Float32Array.from({ length }, createNoise(seed));
}

function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const dot = (x: ArrayLike<number>, y: ArrayLike<number>) =>
    Array.from(x, (value, i) => value * y[i]!).reduce((sum, value) => sum + value, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

/** The decoder's matrices as blocks keep them: four bits, eight for the head. */
function throughBlocks(tensors: TinyTensors): TinyTensors {
  const rounded = Object.entries(tensors).map(([name, tensor]) => {
    if (!/^language_model.*(proj|lm_head)\.weight$/.test(name)) return [name, tensor] as const;
    const bits = name.includes('lm_head') ? 8 : 4;
    const [rows = 1, columns = 1] = tensor.shape;
    const data = new Float32Array(rows * columns);
    for (let row = 0; row < rows; row++) {
      const packed = new Uint8Array(8 * bits);
      const scales = new Float32Array(1);
      const values = tensor.data.subarray(row * columns, (row + 1) * columns);
      quantizeBlockRow(values, { bits, blockSize: 64 }, packed, scales);
      for (let i = 0; i < columns; i++) {
        const level = bits === 8 ? packed[i]! - 128 : ((packed[i >> 1]! >> ((i % 2) * 4)) & 15) - 8;
        data[row * columns + i] = level * scales[0]!;
      }
    }
    return [name, { shape: tensor.shape, data }] as const;
  });
  return Object.fromEntries(rounded);
}

/** What a decoder graph reads for a prompt without a past. */
function tinyFeeds(embeddings: Float32Array): Record<string, GraphTensor> {
  const { headDim, keyValueHeads, layers } = TINY.decoder;
  const count = embeddings.length / hidden;
  const floats = (shape: number[], data: Float32Array): GraphTensor => ({
    type: 'float32',
    shape,
    data,
  });
  const angles = random((count * headDim) / 2, 15);
  const mask = Float32Array.from({ length: count * count }, (_, i) =>
    i % count > Math.floor(i / count) ? -1e9 : 0,
  );
  const positions = BigInt64Array.from({ length: count }, (_, i) => BigInt(i));
  const past = Array.from({ length: layers }, (_, layer) => [`${layer}.key`, `${layer}.value`])
    .flat()
    .map((name) => [`past.${name}`, floats([1, keyValueHeads, 0, headDim], new Float32Array())]);
  return {
    inputs_embeds: floats([1, count, hidden], embeddings),
    position_ids: { type: 'int64', shape: [1, count], data: positions },
    rope_cos: floats([count, headDim / 2], angles.map(Math.cos)),
    rope_sin: floats([count, headDim / 2], angles.map(Math.sin)),
    attention_bias: floats([1, 1, 1, count, count], mask),
    ...(Object.fromEntries(past) as Record<string, GraphTensor>),
  };
}

describe('convertCheckpoint', () => {
  it('says how each precision is stored', () => {
    const decoders = PRECISIONS.map((precision) => packages[precision]!.manifest.decoder);
    const kinds = decoders.map(({ encoding, head, prefill }) =>
      [encoding, head, prefill].map((each) =>
        each?.kind === 'blocks' ? `${each.bits}/${each.blockSize}` : each?.kind,
      ),
    );

    expect(Object.fromEntries(PRECISIONS.map((precision, i) => [precision, kinds[i]]))).toEqual({
      fp32: ['float32', 'float32', undefined],
      int8: ['int8-rows', 'int8-rows', undefined],
      int4: ['4/64', '8/64', undefined],
      mixed: ['4/64', '8/64', 'int8-rows'],
    });
    expect(packages.int4?.manifest.vision?.encoding).toEqual({ kind: 'int8-rows' });
    expect(packages.int4?.manifest.embeddings.dtype).toBe('int8');
  });

  it('lays blocks out as the runtime reads them', async () => {
    const embeddings = random(6 * hidden, 12);
    const rows = Array.from({ length: 6 }, (_, i) => [
      ...embeddings.slice(i * hidden, (i + 1) * hidden),
    ]);
    const expected = referenceLogits(throughBlocks(tinyTensors()), rows);
    const session = await loadGraph(packages.int4!.filePath('decoder.onnx'), { threads: 1 });
    const logits = await decodeTiny(session, embeddings, [4, 1, 1], 8);
    await session.close();

    for (const [index, position] of [3, 4, 5].entries()) {
      expect(cosine(logits[index]!, expected[position]!)).toBeGreaterThan(0.999);
    }
  });

  it('reads prompts in mixed precision as int8 does', async () => {
    const feeds = tinyFeeds(random(5 * hidden, 13));
    const [prefill, decoder] = await Promise.all([
      loadGraph(packages.mixed!.filePath('prefill.onnx'), { threads: 1 }),
      loadGraph(packages.int8!.filePath('decoder.onnx'), { threads: 1 }),
    ]);
    const [actual, { logits, ...expected }] = [await prefill.run(feeds), await decoder.run(feeds)];
    await Promise.all([prefill.close(), decoder.close()]);

    expect(logits?.data).toHaveLength(tokens);
    expect(actual).toEqual(expected);
  });

  it('converts a decoder alone, with a head of its own or that of the embeddings', async () => {
    const checkpointDirectory = join(root, 'text');
    const convert = (outputDirectory: string) =>
      convertCheckpoint({ checkpointDirectory, outputDirectory, precision: 'fp32' });
    const { 'lm_head.weight': head, ...tensors } = tinyTextTensors();
    const changes = {
      'preprocessor_config.json': null,
      'chat_template.jinja': null,
      'config.json': JSON.stringify(tinyTextConfig()),
      'model.safetensors': encodeSafetensors(tinyTextTensors()),
    };
    await writeTinyCheckpoint(checkpointDirectory, changes);
    const { vision, files } = await convert(join(root, 'text-own'));
    await writeTinyCheckpoint(checkpointDirectory, {
      ...changes,
      'config.json': JSON.stringify({ ...tinyTextConfig(), tie_word_embeddings: true }),
      'model.safetensors': encodeSafetensors({
        ...tensors,
        'model.embed_tokens.weight': head!,
      }),
    });
    await convert(join(root, 'text-tied'));

    expect(vision).toBeNull();
    expect(Object.keys(files)).toEqual([
      'decoder.onnx',
      'decoder.onnx.data',
      'token-embeddings.bin',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    for (const name of ['text-own', 'text-tied']) {
      const [own, whole] = await Promise.all([
        loadGraph(join(root, name, 'decoder.onnx'), { threads: 1 }),
        loadGraph(packages.fp32!.filePath('decoder.onnx'), { threads: 1 }),
      ]);
      const feeds = tinyFeeds(random(3 * hidden, 14));
      expect(await own.run(feeds)).toEqual(await whole.run(feeds));
      await Promise.all([own.close(), whole.close()]);
    }
  });
});
