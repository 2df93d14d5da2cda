import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { resolveModel } from './resolve-model.js';

let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'resolve-model-'));
});

afterEach(() => rm(home, { recursive: true }));

async function addPackage(...path: string[]): Promise<string> {
  const directory = join(home, ...path);
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'manifest.json'), '{}');
  return directory;
}

describe('resolveModel', () => {
  it.each(['7b-vision', 'salamandra-7b-vision', 'BSC-LT/salamandra-7b-vision'])(
    'finds an installed model by the name %s',
    async (name) => {
      const directory = await addPackage('packages', 'salamandra-7b-vision', 'int4');

      expect(await resolveModel(home, name, 'int4')).toBe(directory);
    },
  );

  it('prefers the requested precision, and falls back to the only one', async () => {
    const int4 = await addPackage('packages', 'salamandra-2b', 'int4');
    expect(await resolveModel(home, 'salamandra-2b', 'int8')).toBe(int4);

    const int8 = await addPackage('packages', 'salamandra-2b', 'int8');
    expect(await resolveModel(home, 'salamandra-2b', 'int8')).toBe(int8);
  });

  it('rejects a choice between two other precisions', async () => {
    await addPackage('packages', 'salamandra-2b', 'int4');
    await addPackage('packages', 'salamandra-2b', 'mixed');

    await expect(resolveModel(home, 'salamandra-2b', 'int8')).rejects.toMatchObject({
      code: 'INVALID_PARAMETER',
      publicMessage: expect.stringContaining('mixed, int4') as string,
    });
  });

  it('finds a package, and a bundle, by the path of its folder', async () => {
    const directory = await addPackage('carried');
    const bundled = await addPackage('bundle', 'model');

    expect(await resolveModel(home, directory, 'int8')).toBe(directory);
    expect(await resolveModel(home, join(home, 'bundle'), 'int8')).toBe(bundled);
  });

  it('does not resolve a path as a name', async () => {
    await addPackage('packages', 'demo2', 'int8');

    for (const path of ['./demo2', '../demo2', '/demo2', '.', '..', 'C:\\demo2']) {
      await expect(resolveModel(home, path, 'int8')).rejects.toMatchObject({
        code: 'MODEL_NOT_FOUND',
      });
    }
  });

  it.each(['absent', 'A b', '', 'a/b/c'])(
    'lists the installed models if %j is not',
    async (name) => {
      await addPackage('packages', 'salamandra-2b', 'int4');
      await mkdir(join(home, 'packages', 'unfinished', '.int4.partial'), { recursive: true });

      await expect(resolveModel(home, name, 'int4')).rejects.toMatchObject({
        code: 'MODEL_NOT_FOUND',
        publicMessage: expect.stringMatching(/Installed: salamandra-2b\.$/) as string,
      });
    },
  );

  it('explains how to convert a checkpoint', async () => {
    await writeFile(join(home, 'config.json'), '{}');

    await expect(resolveModel(home, home, 'int8')).rejects.toThrow('salamandra convert');
  });
});
