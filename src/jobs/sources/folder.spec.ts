import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import {
  collect,
  expectResumable,
  identifiersOf,
  itemsOf,
  skippedOf,
} from '../../../test/jobs/listed-entries.js';
import { createTemporaryFolder } from '../../../test/setup/temporary-folder.js';
import { listFolder } from './folder.js';
import type { Confined, FolderSpec, ListOptions } from './source.js';

const temporary = createTemporaryFolder();
afterAll(() => temporary.remove());

const JPEG = readFileSync('samples/fox-at-dusk.jpg').subarray(0, 300);

/** Writes files below a new folder and returns its path. */
function createFolder(name: string, files: Readonly<Record<string, string | Uint8Array>>): string {
  const root = temporary.path(name);
  mkdirSync(root);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return root;
}

function list(spec: Omit<FolderSpec, 'kind'> & Confined, options: Partial<ListOptions> = {}) {
  return listFolder({ kind: 'folder', ...spec }, { policy: null, ...options });
}

describe('listFolder', () => {
  it('lists files recursively in the order of their bytes, in place', async () => {
    const path = createFolder('order', {
      'b.jpg': '',
      'a/z.jpg': '',
      'a/b/c.MP4': '',
      'a.jpg': '',
      'Z.tif': '',
      'à.png': '',
    });

    const entries = await collect(list({ path }));

    expect(identifiersOf(entries)).toEqual([
      'Z.tif',
      'a/b/c.MP4',
      'a/z.jpg',
      'a.jpg',
      'b.jpg',
      'à.png',
    ]);
    expect(itemsOf(entries)[1]).toEqual({
      identifier: 'a/b/c.MP4',
      location: { kind: 'file', path: `${path}/a/b/c.MP4` },
      record: {},
    });
    expect(skippedOf(entries)).toEqual([]);
  });

  it('counts hidden files, sidecars and other files per folder, before its items', async () => {
    const path = createFolder('hidden', {
      'a.jpg': '',
      '._a.jpg': '',
      '.DS_Store': '',
      'Thumbs.db': '',
      '.trash/b.jpg': '',
      '@eaDir/a.jpg/SYNOPHOTO_THUMB.jpg': '',
      'a.jpg.xmp': '',
      'a.json': '',
      'in/b.mov': '',
      'in/b.srt': '',
      'in/minutes.docx': '',
      'in/sound.m4a': '',
    });

    const entries = await collect(list({ path }));

    expect(identifiersOf(entries)).toEqual(['a.jpg', 'in/b.mov']);
    expect(skippedOf(entries)).toEqual([
      '.: HIDDEN 5',
      '.: SIDECAR 2',
      'in: NOT_MEDIA 2',
      'in: SIDECAR 1',
    ]);
    await expectResumable((after) => list({ path }, { after }));
  });

  it('judges other extensions by the first bytes', async () => {
    const path = createFolder('sniffed', {
      'scan.0001': JPEG,
      letter: JPEG,
      'notes.old': 'Just some notes.',
      empty: '',
      'page.ps': '%!PS-Adobe',
      'drawing.xcf': 'gimp xcf v011\0',
    });

    const entries = await collect(list({ path }));

    expect(identifiersOf(entries)).toEqual(['letter', 'scan.0001']);
    expect(skippedOf(entries)).toEqual([
      'drawing.xcf: UNSUPPORTED_MEDIA_TYPE 1',
      'empty: NOT_MEDIA 1',
      'notes.old: NOT_MEDIA 1',
      'page.ps: UNSUPPORTED_MEDIA_TYPE 1',
    ]);
    expect(entries[0]).toMatchObject({
      skipped: { reason: expect.stringMatching(/^GIMP files are not supported\. /) as string },
    });
    await expectResumable((after) => list({ path }, { after }));
  });

  it('includes and excludes by patterns, without regard to case', async () => {
    const path = createFolder('patterns', {
      '2019/a.jpg': '',
      '2019/raw/a.tif': '',
      '2020/IMG_1.JPG': '',
      '2020/b.tif': '',
      'c.jpg': '',
    });
    const listed = async (spec: Partial<FolderSpec>) =>
      identifiersOf(await collect(list({ path, ...spec })));

    expect(await listed({ include: ['*.jpg'] })).toEqual(['2019/a.jpg', '2020/IMG_1.JPG', 'c.jpg']);
    expect(await listed({ include: ['2020/**'] })).toEqual(['2020/IMG_1.JPG', '2020/b.tif']);
    expect(await listed({ exclude: ['raw/', '2020/img*'] })).toEqual([
      '2019/a.jpg',
      '2020/b.tif',
      'c.jpg',
    ]);
    expect(await listed({ include: ['*.tif'], exclude: ['2019'] })).toEqual(['2020/b.tif']);
    expect(skippedOf(await collect(list({ path, exclude: ['2019', 'c.*'] })))).toEqual([
      '.: EXCLUDED 2',
    ]);
  });

  it.each([[''], ['/'], ['a'.repeat(300)]])('rejects the pattern %j', async (pattern) => {
    await expect(collect(list({ path: '/', include: [pattern] }))).rejects.toMatchObject({
      code: 'INVALID_PARAMETER',
    });
  });

  it('keeps names that are not UTF-8 apart, and escapes them', async () => {
    const path = createFolder('bytes', { 'caf\\xE9.jpg': '', 'line\nfeed.jpg': '' });
    writeFileSync(Buffer.from(`${path}/caf\xe9.jpg`, 'latin1'), '');
    mkdirSync(Buffer.from(`${path}/\xff`, 'latin1'));
    writeFileSync(Buffer.from(`${path}/\xff/a.jpg`, 'latin1'), '');

    const entries = await collect(list({ path }));

    expect(identifiersOf(entries)).toEqual([
      'caf\\x5CxE9.jpg',
      'caf\\xE9.jpg',
      'line\\x0Afeed.jpg',
      '\\xFF/a.jpg',
    ]);
    await expectResumable((after) => list({ path }, { after }));
  });

  it('opens no named pipe', async () => {
    const path = createFolder('pipes', { 'b.jpg': '' });
    execFileSync('mkfifo', [join(path, 'a.jpg'), join(path, 'unknown')]);

    const entries = await collect(list({ path }));

    expect(identifiersOf(entries)).toEqual(['b.jpg']);
    expect(skippedOf(entries)).toEqual(['.: SPECIAL_FILE 2']);
  });

  it('reports a folder that vanishes while the list is made, and lists the others', async () => {
    const path = createFolder('vanishing', { 'a/1.jpg': '', 'b/1.jpg': '', 'c/1.jpg': '' });
    const entries = [];
    for await (const entry of list({ path })) {
      entries.push(entry);
      rmSync(join(path, 'b'), { recursive: true, force: true });
    }

    expect(identifiersOf(entries)).toEqual(['a/1.jpg', 'c/1.jpg']);
    expect(skippedOf(entries)).toEqual(['b: UNREADABLE 1']);
  });

  it.each([
    ['NOT_FOUND', 'absent'],
    ['NOT_FOUND', 'order/a.jpg'],
  ])('throws %s for %s', async (code, name) => {
    await expect(collect(list({ path: temporary.path(name) }))).rejects.toMatchObject({ code });
  });

  it.each(['', 'a', '1.5:a'])('rejects the cursor %j', async (after) => {
    await expect(collect(list({ path: '/' }, { after }))).rejects.toMatchObject({
      code: 'INVALID_PARAMETER',
    });
  });

  it('goes on behind an entry that is gone', async () => {
    const path = createFolder('gone', { 'a.jpg': '', 'c.jpg': '', 'd/e.jpg': '' });

    const after = async (cursor: string) =>
      identifiersOf(await collect(list({ path }, { after: cursor })));

    expect(await after('0:b.jpg')).toEqual(['c.jpg', 'd/e.jpg']);
    expect(await after('0:c/x/y.jpg')).toEqual(['c.jpg', 'd/e.jpg']);
    expect(await after('0:d/a/b.jpg')).toEqual(['d/e.jpg']);
  });

  it('ends when it is aborted', async () => {
    const path = createFolder('aborted', { 'a.jpg': '', 'b.jpg': '' });
    const controller = new AbortController();
    const seen: string[] = [];

    const listing = (async () => {
      for await (const entry of list({ path }, { signal: controller.signal })) {
        seen.push(entry.cursor);
        controller.abort(new Error('Enough.'));
      }
    })();

    await expect(listing).rejects.toThrow('Enough.');
    expect(seen).toEqual(['0:a.jpg']);
  });
});

describe('symbolic links', () => {
  it('are counted and not followed by default', async () => {
    const path = createFolder('links', { 'a.jpg': '', 'in/b.jpg': '' });
    symlinkSync('a.jpg', join(path, 'link.jpg'));
    symlinkSync('in', join(path, 'again'));

    const entries = await collect(list({ path }));

    expect(identifiersOf(entries)).toEqual(['a.jpg', 'in/b.jpg']);
    expect(skippedOf(entries)).toEqual(['.: SYMLINK 2']);
  });

  it('are followed on request, without loops', async () => {
    const path = createFolder('followed', { 'a.jpg': '', 'in/b.jpg': '', 'in/b.txt': '' });
    symlinkSync('../in/b.txt', join(path, 'in/c.txt'));
    symlinkSync('a.jpg', join(path, 'link.jpg'));
    symlinkSync('in', join(path, 'again'));
    symlinkSync('..', join(path, 'in/up'));
    symlinkSync('absent', join(path, 'broken.jpg'));

    const follow = { path, symlinks: 'follow' as const };
    const entries = await collect(list(follow));

    expect(identifiersOf(entries)).toEqual(['a.jpg', 'again/b.jpg', 'in/b.jpg', 'link.jpg']);
    expect(skippedOf(entries)).toEqual([
      'again: SIDECAR 1',
      'again/c.txt: SIDECAR 1',
      'again/up: SYMLINK_LOOP 1',
      'broken.jpg: UNREADABLE 1',
      'in: SIDECAR 1',
      'in/c.txt: SIDECAR 1',
      'in/up: SYMLINK_LOOP 1',
    ]);
    await expectResumable((after) => list(follow, { after }));
  });

  it('do not lead out of the roots', async () => {
    const outside = createFolder('outside', { 'secret.jpg': '' });
    const path = createFolder('inside', { 'a.jpg': '' });
    symlinkSync(outside, join(path, 'out'));
    symlinkSync(join(outside, 'secret.jpg'), join(path, 'b.jpg'));
    symlinkSync('a.jpg', join(path, 'c.jpg'));

    const entries = await collect(list({ path, symlinks: 'follow', roots: [path] }));

    expect(identifiersOf(entries)).toEqual(['a.jpg', 'c.jpg']);
    expect(skippedOf(entries)).toEqual(['b.jpg: OUTSIDE_ROOTS 1', 'out: OUTSIDE_ROOTS 1']);
  });

  it('that lead to each other end', async () => {
    const path = createFolder('mutual', {});
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const name of names) mkdirSync(join(path, name));
    for (const from of names) {
      writeFileSync(join(path, from, `${from}.jpg`), '');
      for (const to of names) symlinkSync(`../${to}`, join(path, from, `to-${to}`));
    }

    const entries = await collect(list({ path, symlinks: 'follow' }));

    // Paths without a repeated folder, with at most four links: 6 × (1 + 5 + 5·4 + 5·4·3 + 5·4·3·2).
    expect(identifiersOf(entries)).toHaveLength(6 * (1 + 5 + 20 + 60 + 120));
  });
});
