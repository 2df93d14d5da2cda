import { mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';

import { buildZip, type ZipFileEntry } from '../../../test/jobs/build-zip.js';
import {
  collect,
  expectResumable,
  identifiersOf,
  itemsOf,
  skippedOf,
} from '../../../test/jobs/listed-entries.js';
import { createTemporaryFolder } from '../../../test/setup/temporary-folder.js';
import { openSourceItem } from './open-item.js';
import type { MediaLocation } from './source.js';
import { listZip } from './zip.js';

const temporary = createTemporaryFolder();
afterAll(() => temporary.remove());

const FOX = readFileSync('samples/fox.png');
const scratch = temporary.path('scratch');
beforeAll(() => mkdirSync(scratch));

function list(path: string, after?: string) {
  return listZip({ kind: 'zip', path }, { policy: null, after });
}

function write(entries: readonly ZipFileEntry[]): string {
  return temporary.write('archive.zip', buildZip(entries));
}

async function read(location: MediaLocation): Promise<Buffer> {
  const opened = await openSourceItem(location, {
    policy: null,
    uploadFolder: scratch,
    temporaryFolder: () => Promise.resolve(scratch),
  });
  try {
    return readFileSync(opened.path);
  } finally {
    await opened.dispose();
  }
}

/** Descriptors of this process that are open on a file; other suites open and close theirs. */
const openOn = (path: string) =>
  readdirSync('/proc/self/fd').filter((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`) === path;
    } catch {
      return false;
    }
  }).length;

describe('listZip', () => {
  it('lists and extracts entries, stored and deflated, of any kind of name', async () => {
    const path = write([
      { name: 'photos/', content: '', stored: true },
      { name: 'photos/stored.png', content: FOX, stored: true },
      { name: 'photos/Església.png', content: FOX },
      { name: Buffer.from('unmarked-é.png'), content: FOX },
      { name: Buffer.from('cp437-\x82.png', 'latin1'), content: FOX },
      { name: 'windows\\é.png', content: FOX },
      { name: 'large.png', content: FOX, zip64: true },
    ]);
    const items = itemsOf(await collect(list(path)));

    expect(items.map(({ identifier }) => identifier)).toEqual([
      'photos/stored.png',
      'photos/Església.png',
      'unmarked-é.png',
      'cp437-é.png',
      'windows/é.png',
      'large.png',
    ]);
    for (const { location } of items) {
      expect((await read(location)).equals(FOX)).toBe(true);
    }
    expect(readdirSync(scratch)).toEqual([]);
    expect(openOn(path)).toBe(0);
  });

  it('leaves out hidden files, sidecars, links and what is no image or video', async () => {
    const path = write([
      { name: 'a.png', content: FOX },
      { name: '__MACOSX/._a.png', content: 'x' },
      { name: '.cache/b.png', content: FOX },
      { name: 'a.xmp', content: '<x/>' },
      { name: 'inner.zip', content: 'PK' },
      { name: 'link.png', content: 'a.png', mode: 0o120777 },
      { name: 'notes', content: 'text' },
      { name: 'scan', content: FOX },
      { name: 'page', content: '%!PS-Adobe' },
      { name: 'broken', content: FOX, crc32: 1, bytes: 5 },
    ]);
    const entries = await collect(list(path));

    expect(identifiersOf(entries)).toEqual(['a.png', 'scan']);
    expect(skippedOf(entries)).toEqual([
      '.: HIDDEN 2',
      '.: NOT_MEDIA 1',
      '.: SIDECAR 1',
      '.: SYMLINK 1',
      'notes: NOT_MEDIA 1',
      'page: UNSUPPORTED_MEDIA_TYPE 1',
      'broken: UNREADABLE 1',
    ]);
    await expectResumable((after) => list(path, after));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(openOn(path)).toBe(0);
  });

  it('refuses names that lead out, encrypted entries, other methods and large entries', async () => {
    const path = write([
      { name: '../up.png', content: FOX },
      { name: '/etc/a.png', content: FOX },
      { name: 'C:/a.png', content: FOX },
      { name: 'a\0b.png', content: FOX },
      { name: 'secret.png', content: FOX, flags: 1 },
      { name: 'lzma.png', content: FOX, method: 14 },
      { name: 'huge.png', content: FOX, bytes: 2_000_000_001 },
      { name: 'b.png', content: FOX },
    ]);

    const entries = await collect(list(path));

    expect(identifiersOf(entries)).toEqual(['b.png']);
    expect(skippedOf(entries).map((line) => line.replace(/ 1$/, ''))).toEqual([
      '../up.png: INVALID_NAME',
      '/etc/a.png: INVALID_NAME',
      'C:/a.png: INVALID_NAME',
      'a\\x00b.png: INVALID_NAME',
      'secret.png: ENCRYPTED',
      'lzma.png: UNSUPPORTED_MEDIA_TYPE',
      'huge.png: TOO_LARGE',
    ]);
  });

  it('rejects what is no archive', async () => {
    await expect(collect(list(temporary.write('a.zip', FOX)))).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
    });
    await expect(collect(list(temporary.path('absent.zip')))).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(collect(list(scratch))).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  });

  it('does not go on in an archive that has changed', async () => {
    const path = write([{ name: 'a.png', content: FOX }]);
    const [entry] = await collect(list(path));
    temporary.write('archive.zip', buildZip([{ name: 'other.png', content: FOX }]));

    await expect(collect(list(path, entry!.cursor))).rejects.toMatchObject({
      publicMessage: expect.stringContaining('has changed') as string,
    });
  });
});

describe('openSourceItem with an entry of an archive', () => {
  it.each<[string, Partial<ZipFileEntry>]>([
    ['a wrong checksum', { crc32: 1 }],
    ['more data than it says', { bytes: 100 }],
    ['less data than it says', { bytes: FOX.length + 1 }],
  ])('rejects %s, and leaves no file', async (_, falsified) => {
    const path = write([{ name: 'a.png', content: FOX, ...falsified }]);
    const [item] = itemsOf(await collect(list(path)));

    await expect(read(item!.location)).rejects.toMatchObject({ code: 'MEDIA_CORRUPT' });
    expect(readdirSync(scratch)).toEqual([]);
  });

  it('stops a decompression bomb at the size that it says', async () => {
    const bomb = deflateRawSync(Buffer.alloc(50_000_000));
    const path = write([{ name: 'a.png', content: bomb, stored: true, method: 8, bytes: 1_000 }]);
    const [item] = itemsOf(await collect(list(path)));

    await expect(read(item!.location)).rejects.toMatchObject({ code: 'MEDIA_CORRUPT' });
    expect(readdirSync(scratch)).toEqual([]);
  });

  it('rejects an entry whose archive has changed', async () => {
    const path = write([
      { name: 'a.png', content: 'first' },
      { name: 'b.png', content: FOX },
    ]);
    const [, item] = itemsOf(await collect(list(path)));
    write([{ name: 'b.png', content: FOX }]);

    await expect(read(item!.location)).rejects.toMatchObject({ code: 'MEDIA_CORRUPT' });
  });

  it('ends when it is aborted', async () => {
    const path = write([{ name: 'a.png', content: FOX }]);
    const [item] = itemsOf(await collect(list(path)));

    const opening = openSourceItem(item!.location, {
      policy: null,
      uploadFolder: scratch,
      temporaryFolder: () => Promise.resolve(scratch),
      signal: AbortSignal.abort(new Error('Enough.')),
    });

    await expect(opening).rejects.toThrow('Enough.');
    expect(readdirSync(scratch)).toEqual([]);
  });
});
