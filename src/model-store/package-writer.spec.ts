import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { fillTinyPackage } from '../../test/tiny-package.js';
import { loadModelPackage } from './model-package.js';
import { writePackage } from './package-writer.js';

let root: string;
let parent: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'package-writer-'));
});

afterAll(() => rm(root, { recursive: true }));

beforeEach(async () => {
  parent = await mkdtemp(join(root, 'case-'));
});

describe('writePackage', () => {
  it('writes a package that loads, and nothing beside it', async () => {
    const manifest = await writePackage(join(parent, 'deep', 'package'), fillTinyPackage);

    expect((await loadModelPackage(join(parent, 'deep', 'package'))).manifest).toEqual(manifest);
    expect(await readdir(join(parent, 'deep'))).toEqual(['package']);
  });

  it('shows nothing under the name until all is written', async () => {
    const target = join(parent, 'package');
    await writePackage(target, async (directory) => {
      expect(await readdir(parent)).not.toContain('package');
      return fillTinyPackage(directory);
    });

    expect(await readdir(parent)).toEqual(['package']);
  });

  it('replaces an older package', async () => {
    const target = join(parent, 'package');
    await writePackage(target, fillTinyPackage);
    await writePackage(target, async (directory) => ({
      ...(await fillTinyPackage(directory)),
      id: 'newer',
    }));

    expect((await loadModelPackage(target)).manifest.id).toBe('newer');
    expect(await readdir(parent)).toEqual(['package']);
  });

  it('keeps the older package when writing fails', async () => {
    const target = join(parent, 'package');
    await writePackage(target, fillTinyPackage);

    await expect(
      writePackage(target, async (directory) => {
        await fillTinyPackage(directory);
        throw new Error('disk full');
      }),
    ).rejects.toThrow('disk full');
    expect((await loadModelPackage(target)).manifest.id).toBe('tiny');
    expect(await readdir(parent)).toEqual(['package']);
  });

  it('refuses a package that would not load', async () => {
    await expect(
      writePackage(join(parent, 'package'), async (directory) => ({
        ...(await fillTinyPackage(directory)),
        id: '../up',
      })),
    ).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    expect(await readdir(parent)).toEqual([]);
  });

  it('does not replace a folder that is no package', async () => {
    const target = join(parent, 'letters');
    await mkdir(target);
    await writeFile(join(target, 'letter.txt'), 'dear');

    await expect(writePackage(target, fillTinyPackage)).rejects.toMatchObject({
      code: 'MODEL_INVALID',
    });
    expect(await readFile(join(target, 'letter.txt'), 'utf8')).toBe('dear');
  });

  it('takes an empty folder', async () => {
    await mkdir(join(parent, 'package'));

    await writePackage(join(parent, 'package'), fillTinyPackage);

    expect(await readdir(parent)).toEqual(['package']);
  });
});
