import { cp, mkdtemp, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  encodeSafetensors,
  tinyConfig,
  tinyTensors,
  writeTinyCheckpoint,
} from '../../../../test/tiny-model/tiny-checkpoint.js';
import { readCheckpointFiles } from '../checkpoint/checkpoint-files.js';
import { type SafetensorsFile, openSafetensors } from '../checkpoint/safetensors.js';
import { listTensors } from '../checkpoint/tensor-list.js';
import { canonicalName } from '../checkpoint/tensor-names.js';
import { convertCheckpoint } from '../convert-checkpoint.js';
import { type ConversionPlan, planConversion, shapeOf } from '../plan-conversion.js';
import { createWeightSource } from '../quantize/weight-source.js';
import { openAdapter } from './open-adapter.js';

/** Written by models/training/adapter_references.py. */
const GOLDEN = join(import.meta.dirname, '../../../../test/golden/adapters');
const CASES = [
  ...['all-linear', 'patterns', 'dora', 'embeddings', 'saved-modules', 'biases', 'old-names'],
];
let root: string;
let base: string;
let plan: ConversionPlan;
let shard: SafetensorsFile;
let merged: SafetensorsFile;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'open-adapter-'));
  base = join(root, 'Base');
  await writeTinyCheckpoint(base);
  plan = planConversion(await readCheckpointFiles(base), await listTensors(base), 'fp32');
  shard = await openSafetensors(join(base, 'model.safetensors'));
  merged = await openSafetensors(join(GOLDEN, 'merged.safetensors'));
});

afterAll(async () => {
  await shard.close();
  await merged.close();
  await rm(root, { recursive: true });
});

/** The weights that an adapter changes, by canonical name. */
function expectedOf(name: string): Map<string, Float32Array> {
  const found = new Map<string, Float32Array>();
  for (const [key, tensor] of merged.tensors) {
    if (!key.startsWith(`${name} `)) continue;
    const bytes = new Uint8Array(tensor.bytes);
    tensor.read(bytes, 0);
    found.set(canonicalName(key.slice(name.length + 1)), new Float32Array(bytes.buffer));
  }
  return found;
}

/** Copies an adapter. @param config changed fields @param files changed or, if null, deleted files */
async function changedAdapter(
  name: string,
  config: Readonly<Record<string, unknown>>,
  files: Readonly<Record<string, Uint8Array | null>> = {},
): Promise<string> {
  const folder = await mkdtemp(join(root, 'adapter-'));
  await cp(join(GOLDEN, name), folder, { recursive: true });
  const path = join(folder, 'adapter_config.json');
  const settings = JSON.parse(await readFile(path, 'utf8')) as object;
  await writeFile(path, JSON.stringify({ ...settings, ...config }));
  for (const [file, content] of Object.entries(files)) {
    if (content) await writeFile(join(folder, file), content);
    else await unlink(join(folder, file));
  }
  return folder;
}

describe('openAdapter', () => {
  it.each(CASES)('merges %s like PEFT', async (name) => {
    const adapter = await openAdapter(join(GOLDEN, name), plan);
    const expected = expectedOf(name);
    let [largest, relative] = [0, 0];
    for (const tensor of shard.tensors.values()) {
      const weight = canonicalName(tensor.name);
      if (plan.known.isUnused(weight)) continue;
      const parts = new Map([['weight', tensor] as const]);
      const plain = createWeightSource(parts, shapeOf(plan, weight), plan.quantization);
      const source = adapter.merge(weight, plain);
      const values = expected.get(weight);
      expect([weight, source === plain]).toEqual([weight, values === undefined]);
      if (!values) continue;
      const actual = source.readRows(0, source.rows).values;
      expect(actual).toHaveLength(values.length);
      values.forEach((value, i) => {
        const difference = Math.abs(value - actual[i]!);
        largest = Math.max(largest, difference);
        relative = Math.max(relative, difference / Math.max(1, Math.abs(value)));
      });
    }
    await adapter.close();
    console.log(
      `${name}: ${expected.size} weights, largest difference ${largest.toExponential(1)}`,
    );

    expect(expected.size).toBeGreaterThan(0);
    // Two units in the last place of float32: PEFT rounds the product and the sum.
    expect(relative).toBeLessThan(2.4e-7);
  });

  it.each<[string, string, object, object, string]>([
    ['another method', 'patterns', { peft_type: 'IA3' }, {}, 'peft_type must be LORA, found "IA3"'],
    [
      'an initialization that changes the base model',
      'patterns',
      { init_lora_weights: 'pissa' },
      {},
      'init_lora_weights must be true or false or gaussian or eva or orthogonal or mica, found "pissa". Merge the adapter with PEFT (`merge_and_unload`, then `save_pretrained`) and convert the result.',
    ],
    ['trained tokens', 'patterns', { trainable_token_indices: [1] }, {}, 'is not supported. Merge'],
    [
      'an unknown setting',
      'patterns',
      { use_xlora: true },
      {},
      'the setting `use_xlora` is not known',
    ],
    ['another rank', 'patterns', { r: 3 }, {}, 'must be 3 (r, rank_pattern), found 2.'],
    ['a rank of nothing', 'patterns', { r: 0 }, {}, 'adapter_config.json: r must be between 1 and'],
    [
      'a broken pattern',
      'patterns',
      { rank_pattern: { '(?P<x>a)': 1 } },
      {},
      'rank_pattern contains',
    ],
    [
      'no weights',
      'patterns',
      {},
      { 'adapter_model.safetensors': null },
      'adapter_model.safetensors: the file is missing. Download it too.',
    ],
    [
      'pickled weights',
      'patterns',
      {},
      { 'adapter_model.safetensors': null, 'adapter_model.bin': Buffer.from('x') },
      'the adapter is in the pickle format (.bin)',
    ],
    [
      'no settings',
      'patterns',
      {},
      { 'adapter_config.json': null },
      'adapter_config.json: the file is missing. The folder of an adapter has',
    ],
  ])('rejects an adapter with %s', async (_, name, config, files, message) => {
    const folder = await changedAdapter(
      name,
      config as Record<string, unknown>,
      files as Record<string, Uint8Array | null>,
    );

    await expect(openAdapter(folder, plan)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    await expect(openAdapter(folder, plan)).rejects.toThrow(message);
  });

  const Q_PROJ = 'base_model.model.model.language_model.layers.0.self_attn.q_proj';
  const matrix = (...shape: number[]) => ({
    shape,
    data: new Float32Array(shape.reduce((product, size) => product * size, 1)),
  });
  const pair = {
    [`${Q_PROJ}.lora_A.weight`]: matrix(4, 8),
    [`${Q_PROJ}.lora_B.weight`]: matrix(32, 4),
  };
  it.each([
    [
      'a weight that the base model lacks',
      { ...pair, [`${Q_PROJ.replace('layers.0', 'layers.7')}.lora_A.weight`]: matrix(4, 8) },
      `\`${Q_PROJ.replace('layers.0', 'layers.7')}.lora_A.weight\` changes a weight that the base model does not have. Use the base model for which the adapter was trained.`,
    ],
    [
      'another name',
      { 'q_proj.lora_A.weight': matrix(4, 8) },
      'must start with `base_model.model.`',
    ],
    [
      'another width',
      { ...pair, [`${Q_PROJ}.lora_A.weight`]: matrix(4, 9) },
      'must have the shape [4, 8] for this base model, found [4, 9]',
    ],
    [
      'another height',
      { ...pair, [`${Q_PROJ}.lora_B.weight`]: matrix(31, 4) },
      'must have the shape [32, 4] for this base model, found [31, 4]',
    ],
    ['half of a pair', { [`${Q_PROJ}.lora_A.weight`]: matrix(4, 8) }, 'lacks its counterpart'],
    [
      'a bias that the base model lacks',
      { ...pair, [`${Q_PROJ}.bias`]: matrix(32) },
      'changes a weight that the base model does not have',
    ],
    ['nothing', {}, 'the adapter changes no weight of the base model'],
  ])('rejects an adapter with %s', async (_, tensors, message) => {
    const content = encodeSafetensors(tensors);
    const folder = await changedAdapter('patterns', {}, { 'adapter_model.safetensors': content });

    await expect(openAdapter(folder, plan)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    await expect(openAdapter(folder, plan)).rejects.toThrow(message);
  });

  it('rejects changes of tied embeddings and heads', async () => {
    const tied = join(root, 'tied');
    const config = { ...tinyConfig(), tie_word_embeddings: true };
    const tensors = Object.fromEntries(
      Object.entries(tinyTensors()).filter(([name]) => name !== 'language_model.lm_head.weight'),
    );
    await writeTinyCheckpoint(tied, {
      'config.json': JSON.stringify(config),
      'model.safetensors': encodeSafetensors(tensors),
    });
    const files = await readCheckpointFiles(tied);
    const tiedPlan = planConversion(files, await listTensors(tied), 'int8');

    for (const name of ['embeddings', 'saved-modules']) {
      await expect(openAdapter(join(GOLDEN, name), tiedPlan)).rejects.toThrow(
        'cannot be merged: token embeddings and output head of the base model are tied',
      );
    }
  });

  it('rejects a quantized base model', async () => {
    const quantized = { ...plan, quantization: { kind: 'fp8', block: null } as const };

    await expect(openAdapter(join(GOLDEN, 'patterns'), quantized)).rejects.toThrow(
      'the base model is quantized. An adapter can be merged into float weights only: use the unquantized base model.',
    );
  });
});

describe('convertCheckpoint with an adapter', () => {
  it('merges the adapter, and names it in the manifest', async () => {
    const convert = (output: string, adapterDirectory?: string) =>
      convertCheckpoint({
        ...{ checkpointDirectory: base, adapterDirectory },
        ...{ outputDirectory: join(root, output), precision: 'fp32' as const },
      });
    const plain = await convert('plain');
    const adapted = await convert('adapted', join(GOLDEN, 'embeddings'));
    const again = await convert('again', join(GOLDEN, 'embeddings'));
    const other = await convert('other', join(GOLDEN, 'saved-modules'));

    expect(plain).toMatchObject({ id: 'base', source: { adapter: null } });
    expect(adapted).toMatchObject({
      id: 'base-embeddings',
      source: { name: 'Base', adapter: { name: 'embeddings' } },
    });
    expect(again.digest).toBe(adapted.digest);
    const revisions = [plain, adapted, other].map(({ source }) => source.revision);
    expect(new Set(revisions).size).toBe(3);
    const table = await readFile(join(root, 'adapted', 'token-embeddings.bin'));
    const expected = expectedOf('embeddings').get('language_model.embed_tokens.weight')!;
    expect(table).toHaveLength(expected.length * 4);
    expected.forEach((value, i) => {
      expect(Math.abs(table.readFloatLE(i * 4) - value)).toBeLessThan(3e-7);
    });
  });

  it('names the tensor of an adapter with a value that is not finite', async () => {
    const tensors = Object.fromEntries(
      Object.entries({ lora_A: [4, 8], lora_B: [32, 4] }).map(([part, shape]) => {
        const name = `base_model.model.model.language_model.layers.0.self_attn.q_proj.${part}.weight`;
        const data = new Float32Array(shape[0]! * shape[1]!);
        if (part === 'lora_B') data[9] = NaN;
        return [name, { shape, data }];
      }),
    );
    const adapterDirectory = await changedAdapter(
      'patterns',
      {},
      { 'adapter_model.safetensors': encodeSafetensors(tensors) },
    );

    await expect(
      convertCheckpoint({
        ...{ checkpointDirectory: base, adapterDirectory },
        ...{ outputDirectory: join(root, 'bad'), precision: 'int4' },
      }),
    ).rejects.toThrow(
      'Invalid checkpoint: adapter_model.safetensors: the value of `base_model.model.model.language_model.layers.0.self_attn.q_proj.lora_B.weight` at [2, 1] is NaN.',
    );
  });
});
