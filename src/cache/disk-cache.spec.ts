import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import { jest } from '@jest/globals';

import { createTemporaryFolder, type TemporaryFolder } from '../../test/setup/temporary-folder.js';
import type { FileContent } from './disk-cache-file.js';
import { openDiskCache } from './disk-cache.js';

const MODEL = 'a'.repeat(64);
const NAME = `3-${'b'.repeat(64)}`;

let temporary: TemporaryFolder;
let root: string;
beforeEach(() => {
  temporary = createTemporaryFolder();
  root = temporary.path('cache');
});
afterEach(() => temporary.remove());

const open = (maxBytes = 1e6, model = MODEL) => openDiskCache({ root, model, maxBytes });
const fileOf = (name: string, model = MODEL) => join(root, model, `${name}.cache`);

function contentOf(values: number): FileContent {
  return {
    metadata: { kind: 'prefix', length: 3 },
    planes: [
      { name: '0.key', data: Int8Array.from({ length: values }, (_, i) => i) },
      { name: '0.value', data: Int8Array.from({ length: values }, (_, i) => -i) },
      { name: '0.key_scale', data: Float32Array.from({ length: 2 }, (_, i) => i / 3) },
    ],
  };
}

/** Writes one cache file. @returns its bytes */
async function writeFileOf(content = contentOf(5)): Promise<Buffer> {
  const cache = await open();
  cache.write(NAME, content);
  await cache.close();
  return readFileSync(fileOf(NAME));
}

/** Every seventh offset and all of the last 33. */
function sampleOffsets({ length }: Buffer): number[] {
  return Array.from({ length }, (_, at) => at).filter((at) => at % 7 === 0 || at > length - 34);
}

describe('openDiskCache', () => {
  it('persists entries in files that only the owner can access, and skips oversized entries', async () => {
    const small = await open();
    const content = contentOf(3_000_000);
    small.write(NAME, content);
    await small.close();
    expect(await small.keys()).toEqual([]);
    expect(existsSync(root)).toBe(false);

    const cache = await open(1e7);
    cache.write(NAME, content);
    await cache.close();

    const next = await open(1e7);
    expect(await next.keys()).toEqual([NAME]);
    // `toEqual` would take a minute for six million values.
    expect(isDeepStrictEqual(await next.read(NAME), content)).toBe(true);
    expect(statSync(fileOf(NAME)).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(fileOf(NAME))).mode & 0o777).toBe(0o700);
    expect(statSync(root).mode & 0o777).toBe(0o700);
    expect(readdirSync(dirname(fileOf(NAME)))).toEqual([`${NAME}.cache`]);
  });

  it('stores views of larger buffers without the rest of the buffer', async () => {
    const all = Float32Array.from({ length: 8 }, (_, i) => i);
    await writeFileOf({ metadata: 1, planes: [{ name: 'view', data: all.subarray(3, 5) }] });

    const read = await (await open()).read(NAME);
    expect(read?.planes[0]?.data).toEqual(Float32Array.of(3, 4));
    expect(read?.planes[0]?.data.buffer.byteLength).toBe(8);
  });

  it('treats a file with a changed byte as missing and deletes it', async () => {
    const bytes = await writeFileOf();
    const cache = await open();
    for (const at of sampleOffsets(bytes)) {
      const damaged = Buffer.from(bytes);
      damaged.writeUInt8(bytes.readUInt8(at) ^ 0x20, at);
      writeFileSync(fileOf(NAME), damaged);
      expect(await cache.read(NAME)).toBeUndefined();
      expect(existsSync(fileOf(NAME))).toBe(false);
    }
    writeFileSync(fileOf(NAME), bytes);
    expect(await cache.read(NAME)).toEqual(contentOf(5));
  });

  it('treats truncated and extended files as missing and deletes them', async () => {
    const bytes = await writeFileOf();
    const cache = await open();
    const truncated = sampleOffsets(bytes).map((length) => bytes.subarray(0, length));
    for (const damaged of [...truncated, Buffer.concat([bytes, Buffer.alloc(1)])]) {
      writeFileSync(fileOf(NAME), damaged);
      expect(await cache.read(NAME)).toBeUndefined();
      expect(existsSync(fileOf(NAME))).toBe(false);
    }
  });

  it('treats renamed files, symbolic links and folders as missing and deletes them', async () => {
    await writeFileOf();
    const other = `4-${'c'.repeat(64)}`;
    const cache = await open();
    renameSync(fileOf(NAME), fileOf(other));
    expect(await cache.read(other)).toBeUndefined();
    expect(existsSync(fileOf(other))).toBe(false);

    const bytes = await writeFileOf();
    const elsewhere = temporary.write('elsewhere', bytes);
    rmSync(fileOf(NAME));
    symlinkSync(elsewhere, fileOf(NAME));
    expect(await cache.read(NAME)).toBeUndefined();
    expect(readdirSync(dirname(fileOf(NAME)))).toEqual([]);
    expect(existsSync(elsewhere)).toBe(true);

    mkdirSync(fileOf(NAME));
    expect(await cache.read(NAME)).toBeUndefined();
    expect(await cache.keys()).toEqual([]);
  });

  it('stays within its byte limit and evicts the least recently used file of any model', async () => {
    const size = (await writeFileOf(contentOf(1_000))).length;
    rmSync(root, { recursive: true });
    const names = Array.from({ length: 4 }, (_, i) => `${i + 1}-${'d'.repeat(64)}`);
    const [first, second, third, fourth] = names as [string, string, string, string];
    const otherModel = 'e'.repeat(64);
    const other = await open(3 * size + 10, otherModel);
    other.write(first, contentOf(1_000));
    await other.close();
    const cache = await open(3 * size + 10);
    for (const name of [second, third]) cache.write(name, contentOf(1_000));
    await cache.close();
    const past = (seconds: number) => new Date(Date.now() - seconds * 1_000);
    utimesSync(fileOf(first, otherModel), past(30), past(30));
    utimesSync(fileOf(second), past(40), past(40));
    utimesSync(fileOf(third), past(20), past(20));

    expect(await cache.read(second)).toEqual(contentOf(1_000));
    cache.write(fourth, contentOf(1_000));
    await cache.close();

    expect(existsSync(fileOf(first, otherModel))).toBe(false);
    expect((await cache.keys()).sort()).toEqual([second, third, fourth]);
    cache.write(first, contentOf(1_000_000));
    await cache.close();
    expect(await cache.keys()).toHaveLength(3);
  });

  it('supports concurrent writes, reads and removals by two processes', async () => {
    const size = (await writeFileOf(contentOf(1_000))).length;
    const limit = 5 * size;
    const caches = await Promise.all([open(limit), open(limit)]);
    const names = Array.from({ length: 12 }, (_, i) => `${i + 1}-${'f'.repeat(64)}`);
    const log = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    let found = 0;

    for (let round = 0; round < 6; round++) {
      const reads = caches.flatMap((cache, cacheIndex) =>
        names.map((name, index) => {
          if ((index + round + cacheIndex) % 3 === 0) cache.write(name, contentOf(1_000));
          if ((index + round) % 5 === 0) cache.remove(name);
          return cache.read(name);
        }),
      );
      for (const read of await Promise.all(reads)) {
        if (!read) continue;
        found += 1;
        expect(read).toEqual(contentOf(1_000));
      }
      await Promise.all(caches.map((cache) => cache.close()));
      const files = readdirSync(join(root, MODEL));
      const bytes = files.reduce((sum, file) => sum + statSync(join(root, MODEL, file)).size, 0);
      expect(bytes).toBeLessThanOrEqual(limit);
      expect(files.filter((file) => !file.endsWith('.cache'))).toEqual([]);
    }
    expect(found).toBeGreaterThan(0);
    expect(log).not.toHaveBeenCalled();
    log.mockRestore();
  });

  it('deletes abandoned partial files and files of unused models, and nothing else', async () => {
    await writeFileOf();
    const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000);
    const make = (path: string, hours: number) => {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, 'x');
      utimesSync(path, hoursAgo(hours), hoursAgo(hours));
    };
    const recent = join(root, MODEL, '.1.partial');
    const old = join(root, MODEL, '.2.partial');
    make(recent, 0);
    make(old, 2);
    make(fileOf(NAME, '1'.repeat(64)), 8 * 24);
    make(fileOf(NAME, '2'.repeat(64)), 6 * 24);
    make(join(root, 'unrelated files', 'file'), 100 * 24);
    symlinkSync(join(root, 'unrelated files'), join(root, '3'.repeat(64)));

    await open();

    expect(existsSync(recent)).toBe(true);
    expect(existsSync(old)).toBe(false);
    expect(existsSync(join(root, '1'.repeat(64)))).toBe(false);
    expect(existsSync(fileOf(NAME, '2'.repeat(64)))).toBe(true);
    expect(existsSync(join(root, 'unrelated files', 'file'))).toBe(true);
    expect(existsSync(fileOf(NAME))).toBe(true);
  });

  it('treats an unwritable disk as empty and logs the error once', async () => {
    const log = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    writeFileSync(root, 'not a folder');
    const cache = await open();
    cache.write(NAME, contentOf(5));
    cache.write(NAME, contentOf(5));
    await cache.close();

    expect(await cache.keys()).toEqual([]);
    expect(await cache.read(NAME)).toBeUndefined();
    expect(log).toHaveBeenCalledTimes(1);
    log.mockRestore();
  });

  it('drops writes if too many are queued', async () => {
    const cache = await open();
    for (let i = 1; i < 20; i++) cache.write(`${i}-${'b'.repeat(64)}`, contentOf(1));
    await cache.close();

    expect((await cache.keys()).length).toBeLessThan(6);
  });
});
