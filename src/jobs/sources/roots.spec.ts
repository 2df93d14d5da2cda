import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

import { createTemporaryFolder } from '../../../test/setup/temporary-folder.js';
import { assertBelowRoots, assertSourceBelowRoots } from './roots.js';
import type { SourceSpec } from './source.js';

const temporary = createTemporaryFolder();
afterAll(() => temporary.remove());

const root = temporary.path('archive');
const sibling = temporary.path('archive-private');

beforeAll(() => {
  mkdirSync(root);
  mkdirSync(sibling);
  writeFileSync(`${root}/a.jpg`, '');
  writeFileSync(`${sibling}/b.jpg`, '');
  writeFileSync(Buffer.from(`${root}/caf\xe9.jpg`, 'latin1'), '');
  symlinkSync(sibling, `${root}/out`);
  symlinkSync(root, temporary.path('alias'));
});

const FORBIDDEN = {
  code: 'FORBIDDEN',
  publicMessage:
    'The path does not exist, or is not below a folder that the operator allows for jobs. Ask the operator to allow the folder.',
};

describe('assertBelowRoots', () => {
  it('returns the path without symbolic links', async () => {
    expect(await assertBelowRoots(`${root}/a.jpg`, [root])).toBe(`${root}/a.jpg`);
    expect(await assertBelowRoots(root, [`${root}/`])).toBe(root);
    expect(await assertBelowRoots(temporary.path('alias/a.jpg'), [root])).toBe(`${root}/a.jpg`);
    expect(await assertBelowRoots(`${root}/a.jpg`, [temporary.path('alias')])).toBe(
      `${root}/a.jpg`,
    );
    expect(await assertBelowRoots(`${root}/../archive/a.jpg`, ['/absent', '/'])).toBeTruthy();
    expect(await assertBelowRoots(`${root}/caf\\xE9.jpg`, [root])).toBe(`${root}/caf\\xE9.jpg`);
  });

  it.each([
    ['a folder with the same beginning', `${sibling}/b.jpg`],
    ['a parent', `${root}/../archive-private/b.jpg`],
    ['a symbolic link out', `${root}/out/b.jpg`],
    ['the parent of a symbolic link out', `${root}/out/..`],
    ['an absent file below', `${root}/absent.jpg`],
    ['an absent file elsewhere', '/absent.jpg'],
    ['a system file', '/etc/passwd'],
    ['a zero byte', `${root}/a.jpg\\x00`],
  ])('rejects %s with the same words', async (_, path) => {
    await expect(assertBelowRoots(path, [root])).rejects.toMatchObject(FORBIDDEN);
  });

  it('rejects everything without roots', async () => {
    await expect(assertBelowRoots(`${root}/a.jpg`, [])).rejects.toMatchObject(FORBIDDEN);
  });
});

describe('assertSourceBelowRoots', () => {
  const url = (path: string) => pathToFileURL(path).href;

  it.each<SourceSpec>([
    { kind: 'folder', path: root },
    { kind: 'list', path: `${root}/a.jpg` },
    { kind: 'iiif', url: url(`${root}/a.jpg`) },
    { kind: 'iiif', url: 'https://example.org/manifest.json' },
    { kind: 'urls', urls: ['https://example.org/a.jpg'] },
  ])('accepts %j', async (spec) => {
    await expect(assertSourceBelowRoots(spec, [root])).resolves.toBeUndefined();
  });

  it.each<SourceSpec>([
    { kind: 'folder', path: sibling },
    { kind: 'table', path: `${root}/out/b.jpg` },
    { kind: 'zip', path: '/etc/passwd' },
    { kind: 'iiif', url: url(`${sibling}/b.jpg`) },
    { kind: 'iiif', url: url(`${sibling}/b.jpg`).replace('file:', 'FILE:') },
  ])('rejects %j', async (spec) => {
    await expect(assertSourceBelowRoots(spec, [root])).rejects.toMatchObject(FORBIDDEN);
  });

  it('rejects a URL of another machine', async () => {
    await expect(
      assertSourceBelowRoots({ kind: 'iiif', url: 'file://host/m.json' }, [root]),
    ).rejects.toMatchObject({ code: 'INVALID_PARAMETER' });
  });
});
