import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  type TinyTensors,
  encodeRawTensors,
  encodeSafetensors,
  tinyTensors,
  writeTinyCheckpoint,
} from '../../../../test/tiny-model/tiny-checkpoint.js';
import { loadModelPackage } from '../../package/model-package.js';
import { readCheckpointFiles } from '../checkpoint/checkpoint-files.js';
import { partsOf } from '../checkpoint/weight-parts.js';
import { openConversion } from './conversion-writer.js';
import { type ConversionPlan, planConversion } from '../plan-conversion.js';

const SOURCE = { revision: '0'.repeat(64), adapter: null, hub: null };
const SHARDS = ['one', 'two', 'three'];
let root: string;
let plan: ConversionPlan;
let expected: Record<string, string>;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'conversion-writer-'));
  const checkpoint = join(root, 'tiny');
  await writeTinyCheckpoint(checkpoint);
  const files = await readCheckpointFiles(checkpoint);
  const tensors = Object.keys(tinyTensors()).map((name) => ({ name, file: null }));
  plan = planConversion(files, tensors, 'mixed');
  // Distributed round-robin, so that the matrices of a fused product are in different shards.
  const entries = Object.entries(tinyTensors());
  for (const [index, shard] of SHARDS.entries()) {
    await writeShard(shard, Object.fromEntries(entries.filter((_, i) => i % 3 === index)));
  }
  expected = await convert(join(root, 'expected'), SHARDS);
});

afterAll(() => rm(root, { recursive: true }));

function shardPath(shard: string): string {
  return join(root, `${shard}.safetensors`);
}

async function writeShard(shard: string, tensors: TinyTensors): Promise<void> {
  await writeFile(shardPath(shard), encodeSafetensors(tensors));
}

async function convert(target: string, shards: readonly string[]): Promise<Record<string, string>> {
  const writer = await openConversion(target, plan, 'commit');
  for (const shard of shards) await writer.addShard(shard, shardPath(shard));
  await writer.finish(SOURCE);
  return readPackage(target);
}

/** The content of every file. */
async function readPackage(target: string): Promise<Record<string, string>> {
  const names = await readdir(target);
  const contents = await Promise.all(names.map((name) => readFile(join(target, name), 'hex')));
  return Object.fromEntries(names.sort().map((name, i) => [name, contents[i]!]));
}

describe('openConversion', () => {
  it('writes a package that loads and has the planned size', async () => {
    const { manifest } = await loadModelPackage(join(root, 'expected'));
    const sizes = Object.values(manifest.files).map(({ bytes }) => bytes);

    expect(sizes.reduce((sum, bytes) => sum + bytes, 0)).toBe(plan.bytes);
    expect(await readdir(root)).not.toContain('.expected.partial');
  });

  it('writes the same bytes in any shard order, and for a shard added twice', async () => {
    expect(await convert(join(root, 'turned'), [...SHARDS].reverse())).toEqual(expected);
    expect(await convert(join(root, 'twice'), [...SHARDS, 'two', 'one'])).toEqual(expected);
  });

  it('resumes after a kill between shards', async () => {
    const target = join(root, 'between');
    const killed = await openConversion(target, plan, 'commit');
    await killed.addShard('two', shardPath('two'));
    await killed.close();
    const writer = await openConversion(target, plan, 'commit');

    expect([...writer.finishedShards]).toEqual(['two']);
    await writer.addShard('one', shardPath('one'));
    await writer.addShard('three', shardPath('three'));
    await writer.finish(SOURCE);
    expect(await readPackage(target)).toEqual(expected);
  });

  it('writes the same bytes when it is interrupted at each block of a shard', async () => {
    const target = join(root, 'inside');
    let blocks = 0;
    for (let stop = 0, isDone = false; !isDone; stop++) {
      const writer = await openConversion(target, plan, 'commit');
      const controller = new AbortController();
      let seen = 0;
      const onProgress = () => {
        if (seen++ === stop) controller.abort(new Error('killed'));
      };
      const added = writer.addShard('one', shardPath('one'), {
        onProgress,
        signal: controller.signal,
      });
      isDone = await added.then(
        () => true,
        () => false,
      );
      blocks = seen;
      await writer.close();
    }
    expect(blocks).toBeGreaterThan(30);
    expect(await convert(target, ['two', 'three'])).toEqual(expected);
  });

  it('completes after a kill in finish()', async () => {
    const target = join(root, 'finishing');
    const writer = await openConversion(target, plan, 'commit');
    for (const shard of SHARDS) await writer.addShard(shard, shardPath(shard));
    await writer.close();
    await writeFile(join(root, '.finishing.partial', 'package', 'manifest.json'), '{');

    expect(await convert(target, [])).toEqual(expected);
  });

  it('starts over if only the journal is left', async () => {
    const target = join(root, 'renamed');
    const writer = await openConversion(target, plan, 'commit');
    await writer.addShard('one', shardPath('one'));
    await writer.close();
    await rm(join(root, '.renamed.partial', 'package'), { recursive: true });
    const next = await openConversion(target, plan, 'commit');

    expect(next.finishedShards.size).toBe(0);
    await next.discard();
  });

  it.each(['another commit', 'another plan', 'a broken journal'])(
    'starts over for %s',
    async (change) => {
      const target = join(root, 'restarted');
      const partial = join(root, '.restarted.partial');
      const writer = await openConversion(target, plan, 'commit');
      await writer.addShard('one', shardPath('one'));
      await writer.close();
      if (change === 'a broken journal')
        await writeFile(join(partial, 'journal.json'), '{"shards":');
      const next = await openConversion(
        target,
        change === 'another plan' ? { ...plan, digest: 'other' } : plan,
        change === 'another commit' ? 'other' : 'commit',
      );

      expect(next.finishedShards.size).toBe(0);
      await next.discard();
      expect(await readdir(root)).not.toContain('.restarted.partial');
    },
  );

  it('rejects finish() while weights are missing, and can be continued', async () => {
    const target = join(root, 'lacking');
    const writer = await openConversion(target, plan, 'commit');
    await writer.addShard('one', shardPath('one'));

    await expect(writer.finish(SOURCE)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    await writer.close();
    expect(await convert(target, ['two', 'three'])).toEqual(expected);
  });

  it('rejects finish() without the scales of fp8 weights', async () => {
    const quantization = { kind: 'fp8', block: null } as const;
    const known = { ...plan.known, parts: partsOf(quantization) };
    const eighth = { ...plan, known, quantization };
    const { image_newline: newline, ...tensors } = tinyTensors();
    const bytes = new Uint8Array(newline!.data.length);
    const newlineInEight = { dtype: 'F8_E4M3', shape: newline!.shape, bytes };
    await writeShard('most', tensors);
    await writeFile(shardPath('rest'), encodeRawTensors({ image_newline: newlineInEight }));
    const writer = await openConversion(join(root, 'scaleless'), eighth, 'commit');
    for (const shard of ['most', 'rest']) await writer.addShard(shard, shardPath(shard));

    await expect(writer.finish(SOURCE)).rejects.toThrow('the weight `image_newline` is incomplete');
    await writer.discard();
  });

  it('rejects a tensor that another shard contains', async () => {
    await writeShard('again', { image_newline: tinyTensors()['image_newline']! });
    const writer = await openConversion(join(root, 'doubled'), plan, 'commit');
    for (const shard of SHARDS) await writer.addShard(shard, shardPath(shard));

    await expect(writer.addShard('again', shardPath('again'))).rejects.toMatchObject({
      code: 'MODEL_INVALID',
    });
    await writer.discard();
  });

  it('does not touch a folder that is not a package', async () => {
    const target = join(root, 'thesis');
    await mkdir(target);
    await writeFile(join(target, 'thesis.txt'), 'years of work');

    await expect(openConversion(target, plan, 'commit')).rejects.toMatchObject({
      code: 'MODEL_INVALID',
    });
    expect(await readdir(target)).toEqual(['thesis.txt']);
  });
});
