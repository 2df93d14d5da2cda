import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { referenceLogits } from '../../../test/tiny-model/reference-model.js';
import {
  decodeInRuns,
  loadTinyModel,
  noiseEmbeddings,
} from '../../../test/tiny-model/tiny-decoder.js';
import {
  type TinyTensors,
  TINY,
  encodeSafetensors,
  tinyTensors,
  tinyTextConfig,
  tinyTextTensors,
  writeTinyCheckpoint,
} from '../../../test/tiny-model/tiny-checkpoint.js';
import { type Precision, PRECISIONS } from '../package/manifest.js';
import { type ModelPackage, loadModelPackage } from '../package/model-package.js';
import { openHeadRows } from '../../decoder/output-head.js';
import { loadGraph } from '../../runtime/graph-session.js';
import { convertCheckpoint } from './convert-checkpoint.js';
import { quantizeBlockRow } from './quantize/quantize-blocks.js';

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

function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const dot = (x: ArrayLike<number>, y: ArrayLike<number>) =>
    Array.from(x, (value, i) => value * y[i]!).reduce((sum, value) => sum + value, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

/** Matrices rounded to 4-bit blocks. */
function throughBlocks(tensors: TinyTensors, matrices: RegExp): TinyTensors {
  const bits = 4;
  const rounded = Object.entries(tensors).map(([name, tensor]) => {
    if (!matrices.test(name)) return [name, tensor] as const;
    const [rows = 1, columns = 1] = tensor.shape;
    const data = new Float32Array(rows * columns);
    for (let row = 0; row < rows; row++) {
      const packed = new Uint8Array(8 * bits);
      const scales = new Float32Array(1);
      const values = tensor.data.subarray(row * columns, (row + 1) * columns);
      quantizeBlockRow(values, { bits, blockSize: 32 }, packed, scales);
      for (let i = 0; i < columns; i++) {
        const level = ((packed[i >> 1]! >> ((i % 2) * 4)) & 15) - 8;
        data[row * columns + i] = level * scales[0]!;
      }
    }
    return [name, { shape: tensor.shape, data }] as const;
  });
  return Object.fromEntries(rounded);
}

describe('convertCheckpoint', () => {
  it('writes the encodings of each precision', () => {
    const decoders = PRECISIONS.map((precision) => packages[precision]!.manifest.decoder);
    const kinds = decoders.map(({ encoding, head, prefill }) =>
      [encoding, head, prefill].map((each) =>
        each?.kind === 'blocks' ? `${each.bits}/${each.blockSize}` : each?.kind,
      ),
    );

    expect(Object.fromEntries(PRECISIONS.map((precision, i) => [precision, kinds[i]]))).toEqual({
      fp32: ['float32', 'float32', undefined],
      int8: ['int8-rows', '4/64', undefined],
      int4: ['4/32', '4/64', undefined],
      mixed: ['4/32', '4/64', 'int8-rows'],
    });
    expect(packages.int4?.manifest.vision?.encoding).toEqual({ kind: 'int8-rows' });
    expect(packages.int4?.manifest.embeddings.dtype).toBe('int8');
    expect(decoders.map(({ cache, headRows }) => [cache, headRows])).toEqual([
      ['float32', null],
      ...Array.from({ length: 3 }, () => ['int8-rows', 'head-rows.bin']),
    ]);
  });

  it('writes blocks in the layout of MatMulNBits', async () => {
    const ids = [3, 14, 7, 7, 0, 11];
    const tensors = throughBlocks(tinyTensors(), /^language_model.*proj\.weight$/);
    const table = tensors['language_model.model.embed_tokens.weight']!.data;
    const rows = ids.map((id) => [...table.slice(id * hidden, (id + 1) * hidden)]);
    const expected = referenceLogits(tensors, rows);
    const network = await loadTinyModel(packages.int4!);
    // All logits are recomputed here, so the head is int8.
    const results = await decodeInRuns(network, ids, { chunks: [4, 1, 1] });
    await network.close();

    expect(results.map(({ positions }) => positions)).toEqual([4, 5, 6]);
    for (const { positions, logits } of results) {
      expect(cosine(logits, expected[positions - 1]!)).toBeGreaterThan(0.999);
    }
  });

  it('stores the head in 4 bits, and its rows in int8', async () => {
    const name = 'language_model.lm_head.weight';
    const [exact, rounded] = [tinyTensors(), throughBlocks(tinyTensors(), /lm_head/)];
    const { data } = noiseEmbeddings(2, 16);
    const product = ({ [name]: head }: TinyTensors, row: number, id: number) =>
      data
        .subarray(row * hidden, (row + 1) * hidden)
        .reduce((sum, value, d) => sum + value * head!.data[id * hidden + d]!, 0);
    const graph = await loadGraph(packages.int4!.filePath('head.onnx'), { threads: 1 });
    const { logits } = await graph.run([
      {
        hidden: { type: 'float32', shape: [2, hidden], data },
      },
    ]);
    await graph.close();
    const rows = openHeadRows(packages.int4!.filePath('head-rows.bin'), tokens, hidden);

    expect(logits?.shape).toEqual([2, tokens]);
    for (let id = 0; id < tokens; id++) {
      for (const row of [0, 1]) {
        // ONNX Runtime rounds the hidden state to int8.
        const score = Number(logits!.data[row * tokens + id]);
        expect(Math.abs(score - product(rounded, row, id))).toBeLessThan(0.02);
        const state = data.subarray(row * hidden, (row + 1) * hidden);
        expect(Math.abs(rows.dot(id, state) - product(exact, row, id))).toBeLessThan(0.01);
      }
    }
    rows.close();
  });

  it('prefills in mixed precision exactly as in int8', async () => {
    const embeddings = noiseEmbeddings(5, 13);
    const read = async (precision: Precision) => {
      const { decoder, close } = await loadTinyModel(packages[precision]!);
      const sequence = decoder.createSequence();
      const hidden = await decoder.prefill(sequence, embeddings);
      const { planes } = decoder.snapshotPrefix(sequence, 5);
      await close();
      return { hidden, planes };
    };

    const mixed = await read('mixed');
    expect(mixed).toEqual(await read('int8'));
    expect(mixed).not.toEqual(await read('int4'));
  });

  it('converts a text model with an own or a tied output head', async () => {
    const { 'lm_head.weight': head, ...tensors } = tinyTextTensors();
    const changes = {
      'preprocessor_config.json': null,
      'chat_template.jinja': null,
      'config.json': JSON.stringify(tinyTextConfig()),
      'model.safetensors': encodeSafetensors(tinyTextTensors()),
    };
    await writeTinyCheckpoint(join(root, 'own'), changes);
    await writeTinyCheckpoint(join(root, 'tied'), {
      ...changes,
      'config.json': JSON.stringify({ ...tinyTextConfig(), tie_word_embeddings: true }),
      'model.safetensors': encodeSafetensors({ ...tensors, 'model.embed_tokens.weight': head! }),
    });
    const embeddings = noiseEmbeddings(3, 14);
    const read = async (modelPackage: ModelPackage) => {
      const { decoder, close } = await loadTinyModel(modelPackage);
      const logits = await decoder.logits([
        await decoder.prefill(decoder.createSequence(), embeddings),
      ]);
      await close();
      return logits;
    };
    const always = [
      ...['decoder.onnx', 'decoder.onnx.data', 'head.onnx', 'head.onnx.data'],
      ...['token-embeddings.bin', 'tokenizer.json', 'tokenizer_config.json'],
    ];
    const expected = {
      'fp32 own': { headRows: null, files: always },
      'fp32 tied': { headRows: null, files: always },
      'int8 own': { headRows: 'head-rows.bin', files: [...always, 'head-rows.bin'].sort() },
      'int8 tied': { headRows: 'token-embeddings.bin', files: always },
    };
    const actual: Record<string, object> = {};
    for (const precision of ['fp32', 'int8'] as const) {
      for (const name of ['own', 'tied']) {
        const checkpointDirectory = join(root, name);
        const outputDirectory = join(root, `text-${name}-${precision}`);
        await convertCheckpoint({ checkpointDirectory, outputDirectory, precision });
        const modelPackage = await loadModelPackage(outputDirectory);
        const { decoder, vision, files } = modelPackage.manifest;

        actual[`${precision} ${name}`] = {
          headRows: decoder.headRows,
          files: Object.keys(files),
        };
        expect(vision).toBeNull();
        expect(await read(modelPackage)).toEqual(await read(packages[precision]!));
      }
    }
    expect(actual).toEqual(expected);
  });
});
