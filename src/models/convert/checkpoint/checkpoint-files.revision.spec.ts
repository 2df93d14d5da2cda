import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { writeTinyCheckpoint } from '../../../../test/tiny-model/tiny-checkpoint.js';
import {
  computeFolderRevision,
  computeRevision,
  listWeightFiles,
  parseWeightIndex,
} from './checkpoint-files.js';

const INVALID = { code: 'MODEL_INVALID' };
let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'checkpoint-revision-'));
});

afterAll(() => rm(root, { recursive: true }));

function index(...shards: string[]): string {
  return JSON.stringify({ weight_map: Object.fromEntries(shards.map((name, i) => [i, name])) });
}

describe('computeRevision', () => {
  const hashes = [
    ['config.json', 'a'],
    ['model.safetensors', 'b'],
  ] as const;

  it('depends on content, not on order', () => {
    const revision = computeRevision(new Map(hashes));

    expect(revision).toMatch(/^[0-9a-f]{64}$/);
    expect(computeRevision(new Map([hashes[1], hashes[0]]))).toBe(revision);
    expect(computeRevision(new Map([hashes[0], ['model.safetensors', 'c']]))).not.toBe(revision);
    expect(computeRevision(new Map([hashes[0]]))).not.toBe(revision);
  });

  it('ignores files that do not define the model', () => {
    const others = [
      ['README.md', 'x'],
      ['.gitattributes', 'y'],
      ['original/model.safetensors', 'z'],
    ] as const;

    expect(computeRevision(new Map([...hashes, ...others]))).toBe(computeRevision(new Map(hashes)));
  });
});

describe('computeFolderRevision', () => {
  it('equals the revision of the model files', async () => {
    const directory = join(root, 'folder');
    await writeTinyCheckpoint(directory);
    const revision = await computeFolderRevision(directory);
    await writeFile(join(directory, 'README.md'), 'reworded');
    await writeFile(join(directory, 'optimizer.bin'), 'left over');

    expect(await computeFolderRevision(directory)).toBe(revision);
    await writeFile(join(directory, 'generation_config.json'), '{"eos_token_id":9}');
    expect(await computeFolderRevision(directory)).not.toBe(revision);
  });
});

describe('listWeightFiles', () => {
  it('lists shards once, in order', async () => {
    const directory = await mkdtemp(join(root, 'index-'));
    const text = index('b.safetensors', 'a.safetensors', 'b.safetensors');
    await writeFile(join(directory, 'model.safetensors.index.json'), text);

    expect(await listWeightFiles(directory)).toEqual(['a.safetensors', 'b.safetensors']);
  });

  it('rejects a folder without weights', async () => {
    await expect(listWeightFiles(await mkdtemp(join(root, 'none-')))).rejects.toMatchObject(
      INVALID,
    );
  });
});

describe('parseWeightIndex', () => {
  it.each([
    ['a path upwards', index('../model.safetensors')],
    ['an absolute path', index('/model.safetensors')],
    ['a path', index('a/b.safetensors')],
    ['a hidden file', index('.safetensors')],
    ['another format', index('a.bin')],
    ['no shard', index()],
    ['no map', '{}'],
  ])('rejects %s', (_, text) => {
    expect(() => parseWeightIndex(Buffer.from(text))).toThrow(
      expect.objectContaining(INVALID) as Error,
    );
  });
});
