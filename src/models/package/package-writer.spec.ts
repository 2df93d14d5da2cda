import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { fillTinyPackage } from '../../../test/tiny-model/tiny-package.js';
import type { ManifestContent } from './manifest.js';
import { loadModelPackage } from './model-package.js';
import { publishPackage } from './package-writer.js';

let root: string;
let parent: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'package-writer-'));
});

afterAll(() => rm(root, { recursive: true }));

beforeEach(async () => {
  parent = await mkdtemp(join(root, 'case-'));
});

/** Fills a folder beside the target and publishes it. */
async function publish(changes: Partial<ManifestContent> = {}) {
  const staging = join(parent, '.staging');
  await mkdir(staging);
  const description = { ...(await fillTinyPackage(staging)), ...changes };
  return publishPackage(staging, join(parent, 'package'), new Map(), description);
}

describe('publishPackage', () => {
  it('writes a package that loads, and leaves no other files', async () => {
    const manifest = await publish();

    expect((await loadModelPackage(join(parent, 'package'))).manifest).toEqual(manifest);
    expect(await readdir(parent)).toEqual(['package']);
  });

  it('replaces an older package', async () => {
    await publish();
    await publish({ id: 'newer' });

    expect((await loadModelPackage(join(parent, 'package'))).manifest.id).toBe('newer');
    expect(await readdir(parent)).toEqual(['package']);
  });

  it('completes a run that was killed between the renames', async () => {
    await publish();
    await mkdir(join(parent, '.package.old'));
    await rm(join(parent, 'package'), { recursive: true });
    await publish({ id: 'newer' });

    expect((await loadModelPackage(join(parent, 'package'))).manifest.id).toBe('newer');
    expect(await readdir(parent)).toEqual(['package']);
  });

  it('writes the contents, and ignores a manifest of an earlier attempt', async () => {
    const staging = join(parent, '.staging');
    await mkdir(staging);
    const description = await fillTinyPackage(staging);
    await writeFile(join(staging, 'manifest.json'), 'half of one');
    const contents = new Map([['chat_template.jinja', Buffer.from('{{ x }}')]]);
    const target = join(parent, 'package');
    const { files } = await publishPackage(staging, target, contents, description);

    expect(Object.keys(files)).not.toContain('manifest.json');
    expect(await readFile(join(target, 'chat_template.jinja'), 'utf8')).toBe('{{ x }}');
    expect((await loadModelPackage(target)).manifest.files).toEqual(files);
  });

  it('keeps the old package if the new one is invalid', async () => {
    await publish();

    await expect(publish({ tokens: { bos: 9, eos: [1], pad: null } })).rejects.toMatchObject({
      code: 'MODEL_INVALID',
    });
    expect((await loadModelPackage(join(parent, 'package'))).manifest.tokens.bos).toBeNull();
  });

  it('replaces packages only', async () => {
    const target = join(parent, 'package');
    await mkdir(target);
    await writeFile(join(target, 'thesis.txt'), 'years of work');

    await expect(publish()).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    expect(await readdir(target)).toEqual(['thesis.txt']);
  });
});
