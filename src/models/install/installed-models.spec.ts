import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { LOCK_OWNER } from '../../config/lock-owner.js';
import { writeTinyPackage } from '../../../test/trust/write-tiny-package.js';
import { packageDirectory, sourceDirectory } from '../package/home-folders.js';
import type { Precision } from '../package/manifest.js';
import { listInstalled, removeModel } from './installed-models.js';

let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'installed-models-'));
});

afterEach(() => rm(home, { recursive: true }));

async function addFile(directory: string, name: string, content = 'x'): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, name), content);
}

const addPackage = (id: string, precision: Precision) =>
  writeTinyPackage(packageDirectory(home, id, precision));

const addUnfinished = async (id: string, precision: Precision) => {
  await addFile(join(home, 'packages', id, `.${precision}.partial`), 'decoder.onnx.data');
  await addFile(sourceDirectory(home, id), 'model-00001.safetensors');
};

const listed = async () =>
  (await listInstalled(home)).map(({ id, part, state }) => `${id} ${part} ${state.kind}`);

describe('listInstalled', () => {
  it('lists nothing in a missing home folder', async () => {
    expect(await listInstalled(join(home, 'none'))).toEqual([]);
  });

  it('lists packages, running downloads and downloaded checkpoints', async () => {
    await addPackage('salamandra-2b', 'int8');
    await addPackage('salamandra-2b', 'fp32');
    await addUnfinished('salamandra-7b', 'int4');
    await addFile(sourceDirectory(home, 'alia-40b'), 'pull.json', PULL_RECORD);

    expect(await listed()).toEqual([
      'alia-40b source ready',
      'salamandra-2b fp32 ready',
      'salamandra-2b int8 ready',
      'salamandra-7b int4 incomplete',
      'salamandra-7b source incomplete',
    ]);
  });

  it('describes a ready package with its size', async () => {
    await addPackage('salamandra-2b', 'int8');
    const [model] = await listInstalled(home);

    expect(model?.manifest?.source.name).toBe('tiny');
    expect(model?.bytes).toBeGreaterThan(2000);
    expect(model?.directory).toBe(packageDirectory(home, 'salamandra-2b', 'int8'));
  });

  it('gives the reason for an invalid package', async () => {
    await addPackage('salamandra-2b', 'int8');
    await addFile(packageDirectory(home, 'salamandra-2b', 'int8'), 'tokenizer.json', '{} ');
    const [model] = await listInstalled(home);

    expect(model?.state).toEqual({
      kind: 'invalid',
      reason: expect.stringContaining('tokenizer.json') as string,
    });
  });
});

describe('removeModel', () => {
  it('deletes the only package, and the folder of the model with it', async () => {
    await addPackage('salamandra-2b', 'int8');
    await addPackage('salamandra-7b', 'int8');
    const removed = await removeModel(home, 'BSC-LT/salamandra-2b', null);

    expect(removed.map(({ id, part }) => `${id} ${part}`)).toEqual(['salamandra-2b int8']);
    expect(await readdir(join(home, 'packages'))).toEqual(['salamandra-7b']);
  });

  it('rejects an ambiguous model', async () => {
    await addPackage('salamandra-2b', 'int8');
    await addPackage('salamandra-2b', 'fp32');
    await expect(removeModel(home, 'salamandra-2b', null)).rejects.toMatchObject({
      code: 'INVALID_PARAMETER',
    });
    await removeModel(home, 'salamandra-2b', 'int8');

    expect(await listed()).toEqual(['salamandra-2b fp32 ready']);
  });

  it('deletes a checkpoint only on request', async () => {
    await addPackage('salamandra-2b', 'int8');
    await addFile(sourceDirectory(home, 'salamandra-2b'), 'pull.json', PULL_RECORD);
    await removeModel(home, 'salamandra-2b', 'int8');
    expect(await listed()).toEqual(['salamandra-2b source ready']);

    await removeModel(home, 'salamandra-2b', 'source');
    expect(await listed()).toEqual([]);
  });

  it('deletes the remains of an unfinished download', async () => {
    await addUnfinished('salamandra-7b', 'int4');
    await removeModel(home, 'salamandra-7b', null);

    expect(await listed()).toEqual([]);
    expect(await readdir(join(home, 'packages'))).toEqual([]);
  });

  it('does not delete a model during its installation', async () => {
    await addUnfinished('salamandra-7b', 'int4');
    const lock = `${sourceDirectory(home, 'salamandra-7b')}.lock`;
    await writeFile(lock, LOCK_OWNER);

    await expect(removeModel(home, 'salamandra-7b', null)).rejects.toMatchObject({
      code: 'MODEL_NOT_READY',
    });
    expect(await listed()).toHaveLength(2);
  });

  it.each(['absent', '..', '.', '/', '../packages', 'a/../b', ''])('rejects %j', async (name) => {
    await addPackage('salamandra-2b', 'int8');

    await expect(removeModel(home, name, null)).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
    expect(await listed()).toEqual(['salamandra-2b int8 ready']);
  });
});

const PULL_RECORD = JSON.stringify({
  snapshot: {
    repository: 'BSC-LT/ALIA-40b',
    commit: '0'.repeat(40),
    licence: 'apache-2.0',
    access: 'open',
    files: [{ name: 'config.json', bytes: 1, checksum: { kind: 'sha256', hex: '0'.repeat(64) } }],
  },
  revision: null,
  state: 'kept',
  conditions: 'not-asked',
  hashes: {},
});
