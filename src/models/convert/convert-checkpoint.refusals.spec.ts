import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  type RawTensor,
  type TinyTensors,
  encodeRawTensors,
  encodeSafetensors,
  tinyConfig,
  tinyTensors,
  writeTinyCheckpoint,
} from '../../../test/tiny-model/tiny-checkpoint.js';
import { type Precision, PRECISIONS } from '../package/manifest.js';
import { convertCheckpoint } from './convert-checkpoint.js';

const LFS_POINTER = 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n';
const INDEX = 'model.safetensors.index.json';
const UP = 'language_model.model.layers.0.mlp.up_proj.weight';
let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'convert-refusals-'));
});

afterAll(() => rm(root, { recursive: true }));

/** Converts a changed checkpoint. @returns the message of the error, after checking that nothing was written */
async function messageOf(
  changes: Readonly<Record<string, Uint8Array | string | null>>,
  precision: Precision = 'int8',
): Promise<string> {
  const checkpointDirectory = await mkdtemp(join(root, 'checkpoint-'));
  await writeTinyCheckpoint(checkpointDirectory, changes);
  const target = await mkdtemp(join(root, 'target-'));
  const outputDirectory = join(target, 'package');
  const error = await convertCheckpoint({ checkpointDirectory, outputDirectory, precision }).then(
    () => null,
    (thrown: unknown) => thrown as Error,
  );
  expect(error).toMatchObject({ code: 'MODEL_INVALID' });
  expect(await readdir(target)).toEqual([]);
  return error?.message ?? '';
}

function withTensor(name: string, tensor: RawTensor): Uint8Array {
  const raw = Object.entries(tinyTensors()).map(([key, { shape, data }]) => {
    const bytes = new Uint8Array(data.slice().buffer);
    return [key, { dtype: 'F32', shape, bytes }] as const;
  });
  return encodeRawTensors({ ...Object.fromEntries(raw), [name]: tensor });
}

/** The tensors in two shards, with an index that lists the given files. */
function inShards(files: readonly string[], tensors: TinyTensors = tinyTensors()) {
  const names = Object.keys(tensors);
  const half = (part: number) => names.filter((_, i) => (i < names.length / 2 ? 0 : 1) === part);
  const parts = [half(0), half(1)];
  const listed = parts.flatMap((part, i) => part.map((name) => [name, files[i]] as const));
  return {
    'model.safetensors': null,
    [INDEX]: JSON.stringify({ weight_map: Object.fromEntries(listed) }),
    ...Object.fromEntries(
      parts.map((part, i) => [
        `model-${i + 1}.safetensors`,
        encodeSafetensors(Object.fromEntries(part.map((name) => [name, tensors[name]!]))),
      ]),
    ),
  };
}

describe('convertCheckpoint', () => {
  it.each<[string, Record<string, Uint8Array | string | null>, string | RegExp]>([
    [
      'a git-lfs pointer for weights',
      { 'model.safetensors': LFS_POINTER },
      'model.safetensors: the file is a git-lfs pointer, not the content. Run `git lfs pull` in the folder, or',
    ],
    [
      'a configuration that is not JSON',
      { 'config.json': '<html>' },
      'config.json is not valid UTF-8 JSON',
    ],
    [
      'a missing shard',
      { ...inShards(['model-1.safetensors', 'model-2.safetensors']), 'model-2.safetensors': null },
      'model-2.safetensors: the file is missing, but model.safetensors.index.json lists it. Download it too.',
    ],
    [
      'several missing shards',
      inShards(['a.safetensors', 'b.safetensors']),
      'a.safetensors: the file is missing (and 1 more of 2), but model.safetensors.index.json lists it.',
    ],
    [
      'a truncated shard',
      { 'model.safetensors': encodeSafetensors(tinyTensors()).subarray(0, -10) },
      /^Invalid checkpoint: model\.safetensors: the file is truncated: its header describes (\d+) bytes, found (\d+)\. Download it again\.$/,
    ],
    [
      'a header that is cut off',
      { 'model.safetensors': encodeSafetensors(tinyTensors()).subarray(0, 100) },
      'its header ends at byte 6740, found 100 bytes. Download it again.',
    ],
    [
      'a shard with more bytes',
      { 'model.safetensors': Buffer.concat([encodeSafetensors(tinyTensors()), Buffer.alloc(3)]) },
      'but its header describes only',
    ],
    [
      'a weight of another shape',
      {
        'model.safetensors': encodeSafetensors({
          ...tinyTensors(),
          [UP]: { shape: [2, 3], data: new Float32Array(6) },
        }),
      },
      `model.safetensors: \`${UP}\` must have the shape [12, 8], found [2, 3].`,
    ],
    [
      'a weight of integers',
      {
        'model.safetensors': withTensor(UP, {
          dtype: 'I32',
          shape: [12, 8],
          bytes: new Uint8Array(384),
        }),
      },
      `model.safetensors: \`${UP}\` must have one of the types F32, BF16, F16, F8_E4M3, found I32. Use a`,
    ],
    [
      '8-bit floats without a scale',
      {
        'model.safetensors': withTensor(UP, {
          dtype: 'F8_E4M3',
          shape: [12, 8],
          bytes: new Uint8Array(96),
        }),
      },
      `\`${UP}\` has the type F8_E4M3 but no scale.`,
    ],
    [
      'a quantization that is not supported',
      {
        'config.json': JSON.stringify({
          ...tinyConfig(),
          quantization_config: { quant_method: 'hqq' },
        }),
      },
      'config.json: quantization_config.quant_method must be awq or compressed-tensors or fbgemm_fp8 or fp8 or gptq, found "hqq". Use the unquantized checkpoint',
    ],
  ])('rejects %s before it writes anything', async (_, changes, expected) => {
    const message = await messageOf(changes);

    expect(message).toMatch(expected);
  });
});

/** Weights that are stored in every way: norm, bias, constants, matrices of all graphs, tables. */
const STORED = [
  'vision_tower.embeddings.patch_embedding.weight',
  'vision_tower.encoder.layers.1.layer_norm1.weight',
  'vision_tower.encoder.layers.0.mlp.fc1.bias',
  'multi_modal_projector.linear_2.weight',
  'image_newline',
  'language_model.model.embed_tokens.weight',
  'language_model.model.layers.1.self_attn.k_proj.weight',
  'language_model.model.norm.weight',
  'language_model.lm_head.weight',
];

describe.each(PRECISIONS)('convertCheckpoint in %s', (precision) => {
  it.each(STORED)('rejects a value of %s that is not finite, by its position', async (name) => {
    const tensors = tinyTensors();
    const tensor = tensors[name]!;
    const index = tensor.data.length - 3;
    tensor.data[index] = precision === 'int8' ? Infinity : NaN;
    const message = await messageOf({ 'model.safetensors': encodeSafetensors(tensors) }, precision);

    const position = [...tensor.shape.keys()].map((axis) => {
      const stride = tensor.shape.slice(axis + 1).reduce((product, size) => product * size, 1);
      return Math.floor(index / stride) % tensor.shape[axis]!;
    });
    expect(message).toContain(
      `Invalid checkpoint: model.safetensors: the value of \`${name}\` at [${position.join(', ')}] is ${tensor.data[index]}. Download the file again; if its checksum is right, the published weights are damaged.`,
    );
  });
});
