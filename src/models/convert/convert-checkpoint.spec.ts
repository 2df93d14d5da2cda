import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { referenceFeatures, referenceLogits } from '../../../test/tiny-model/reference-model.js';
import {
  decodeInRuns,
  loadTinyModel,
  type DecodeSplit,
} from '../../../test/tiny-model/tiny-decoder.js';
import {
  TINY,
  createNoise,
  encodeSafetensors,
  tinyConfig,
  tinyTensors,
  writeTinyCheckpoint,
} from '../../../test/tiny-model/tiny-checkpoint.js';
import { type ModelPackage, loadModelPackage, readImageNewline } from '../package/model-package.js';
import { loadGraph } from '../../runtime/graph-session.js';
import { type ConversionProgress, convertCheckpoint } from './convert-checkpoint.js';

const { hidden, tokens } = TINY.decoder;
const POSITIONS = 12;
let root: string;
const packages: Partial<Record<'fp32' | 'int8', ModelPackage>> = {};
const progress: ConversionProgress[] = [];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'convert-checkpoint-'));
  await writeTinyCheckpoint(join(root, 'Tiny Model'), {
    'README.md': '---\nlicense: apache-2.0\n---\n# Tiny\n',
  });
  for (const precision of ['fp32', 'int8'] as const) {
    const outputDirectory = join(root, precision);
    await convertCheckpoint({
      checkpointDirectory: join(root, 'Tiny Model'),
      outputDirectory,
      precision,
      onProgress: (step) => progress.push(step),
    });
    packages[precision] = await loadModelPackage(outputDirectory);
  }
});

afterAll(() => rm(root, { recursive: true }));

function random(length: number, seed: number): Float32Array {
  return Float32Array.from({ length }, createNoise(seed));
}

function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual).toHaveLength(expected.length);
  return Math.max(...Array.from(expected, (value, i) => Math.abs(value - actual[i]!)));
}

function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const dot = (x: ArrayLike<number>, y: ArrayLike<number>) =>
    Array.from(x, (value, i) => value * y[i]!).reduce((sum, value) => sum + value, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

describe('convertCheckpoint', () => {
  it('describes the model', () => {
    expect(packages.fp32?.manifest).toMatchObject({
      id: 'tiny-model',
      source: {
        architecture: 'LlavaOnevisionForConditionalGeneration',
        licence: 'apache-2.0',
        name: 'Tiny Model',
      },
      vision: {
        imageSize: 7,
        patchSize: 3,
        patchesPerSide: 2,
        hiddenSize: 8,
        layers: 2,
        sequenceLength: 4,
        featuresPerTile: 4,
        layout: {
          kind: 'anyres',
          imageGridPinpoints: [
            { width: 7, height: 7 },
            { width: 14, height: 7 },
          ],
          maxTilesCap: 9,
          severalImagesColor: [127, 127, 127],
        },
        tokens: { image: 6, video: 7 },
      },
      decoder: { headDim: 8, maxPositions: 64, ropeTheta: 10000, ropeScaling: null },
      tokens: { bos: 1, eos: [2, 5], pad: 3 },
      embeddings: { file: 'token-embeddings.bin', dtype: 'float32', rows: 16, columns: 8 },
      generation: { doSample: false, temperature: 0.6, topK: 50 },
    });
    expect(packages.int8?.manifest.source).toEqual(packages.fp32?.manifest.source);
  });

  it('reports progress', () => {
    const total = progress[0]!.total;

    expect(progress[0]!.done).toBeLessThan(total);
    expect(progress.at(-1)).toEqual({ stage: 'weights', done: total, total });
  });

  it('writes token embeddings and image newline', async () => {
    const tensors = tinyTensors();
    const [full, eighth] = [packages.fp32!, packages.int8!];
    const rows = tensors['language_model.model.embed_tokens.weight']!.data;

    const bytes = await readFile(full.filePath('token-embeddings.bin'));
    expect(new Float32Array(new Uint8Array(bytes).buffer)).toEqual(rows);
    expect(full.manifest.files['token-embeddings.bin']?.bytes).toBe(rows.length * 4);
    const table = await readFile(eighth.filePath('token-embeddings.bin'));
    expect(table).toHaveLength(tokens * (hidden + 4));
    for (const [i, value] of rows.entries()) {
      const start = Math.floor(i / hidden) * (hidden + 4);
      const scale = table.readFloatLE(start + hidden);
      const read = table.readInt8(start + (i % hidden)) * scale;
      expect(Math.abs(read - value)).toBeLessThanOrEqual(scale * 0.5001);
    }
    expect(await readImageNewline(full)).toEqual(tensors['image_newline']!.data);
  });

  it.each([
    ['fp32', 1e-5, 0.999999],
    ['int8', 0.1, 0.999],
  ] as const)(
    'encodes images in %s like the reference model',
    async (precision, error, similarity) => {
      const session = await loadGraph(packages[precision]!.filePath('vision.onnx'), { threads: 1 });
      const pixels = random(2 * 3 * 49, 11).map((value) => 2 * value);

      const { image_features: features } = await session.run([
        {
          pixel_values: { type: 'float32', shape: [2, 3, 7, 7], data: pixels },
        },
      ]);
      await session.close();

      const expected = [pixels.slice(0, 147), pixels.slice(147)]
        .flatMap((tile) => referenceFeatures(tinyTensors(), tile))
        .flat();
      const actual = features!.data as Float32Array;
      expect(features!.shape).toEqual([2, 4, hidden]);
      expect(largestDifference(actual, expected)).toBeLessThan(error);
      expect(cosine(actual, expected)).toBeGreaterThan(similarity);
    },
  );

  it.each<[string, DecodeSplit]>([
    ['in one chunk', { chunks: [POSITIONS] }],
    ['in chunks', { chunks: [7, 5] }],
    ['in chunks and decode steps', { chunks: [5, 5, 1, 1] }],
    ['in decode steps only', { chunks: [1, 1, 1] }],
    ['after a cached prefix', { prefix: 4, chunks: [1, 5, 1, 1] }],
    ['in a batch with another sequence', { chunks: [5, 1, 1, 1], otherPositions: 9 }],
    [
      'in a batch with two sequences, one with the same prefix',
      { prefix: 6, chunks: [1, 1, 1], otherPositions: 3 },
    ],
  ])('decodes %s like the reference model', async (_, split) => {
    const tensors = tinyTensors();
    const table = tensors['language_model.model.embed_tokens.weight']!.data;
    const ids = Array.from({ length: POSITIONS }, (__, i) => (i * i + 5 * i + 1) % tokens);
    const rows = ids.map((id) => [...table.slice(id * hidden, (id + 1) * hidden)]);
    const expected = referenceLogits(tensors, rows);

    for (const precision of ['fp32', 'int8'] as const) {
      const network = await loadTinyModel(packages[precision]!);
      const results = await decodeInRuns(network, ids, split);
      await network.close();

      expect(results).toHaveLength(split.chunks.length);
      for (const { positions, logits } of results) {
        const wanted = expected[positions - 1]!;
        expect(logits).toHaveLength(tokens);
        if (precision === 'fp32') expect(largestDifference(logits, wanted)).toBeLessThan(1e-5);
        else expect(cosine(logits, wanted)).toBeGreaterThan(0.999);
      }
    }
  });

  it('computes the same revision for the same content', async () => {
    const copy = join(root, 'Tiny Model Copy');
    await writeTinyCheckpoint(copy, { 'README.md': '---\nlicense: apache-2.0\n---\n# Tiny\n' });
    const request = { outputDirectory: join(root, 'copy'), precision: 'fp32' as const };

    const same = await convertCheckpoint({ checkpointDirectory: copy, ...request });
    await writeFile(join(copy, 'generation_config.json'), '{"eos_token_id":5}');
    const other = await convertCheckpoint({ checkpointDirectory: copy, ...request });

    expect(same.source.revision).toBe(packages.fp32?.manifest.source.revision);
    expect(other.source.revision).not.toBe(same.source.revision);
    expect(other.tokens.eos).toEqual([5]);
  });

  const tensors = tinyTensors();
  it.each([
    [
      'a weight too many',
      { ...tensors, 'language_model.model.layers.2.x': tensors['image_newline']! },
    ],
    [
      'a bias in the decoder',
      {
        ...tensors,
        'language_model.model.layers.0.self_attn.q_proj.bias': tensors['image_newline']!,
      },
    ],
    ['a weight too few', Object.fromEntries(Object.entries(tensors).slice(1))],
    [
      'a weight of another shape',
      { ...tensors, image_newline: { shape: [1], data: new Float32Array(1) } },
    ],
  ])('rejects %s and leaves nothing behind', async (_, changed) => {
    const checkpointDirectory = await mkdtemp(join(root, 'bad-'));
    await writeTinyCheckpoint(checkpointDirectory, {
      'model.safetensors': encodeSafetensors(changed),
    });
    const target = await mkdtemp(join(root, 'target-'));

    await expect(
      convertCheckpoint({
        checkpointDirectory,
        outputDirectory: join(target, 'package'),
        precision: 'fp32',
      }),
    ).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    expect(await readdir(target)).toEqual([]);
  });

  it('drops the layers after the feature layer', async () => {
    const checkpointDirectory = join(root, 'fewer');
    await writeTinyCheckpoint(checkpointDirectory, {
      'config.json': JSON.stringify({ ...tinyConfig(), vision_feature_layer: 0 }),
    });
    const manifest = await convertCheckpoint({
      checkpointDirectory,
      outputDirectory: join(root, 'fewer-package'),
      precision: 'int8',
    });

    expect(manifest.vision?.layers).toBe(0);
  });
});
