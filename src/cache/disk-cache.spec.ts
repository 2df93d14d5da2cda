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

/** Writes one file and gives its bytes. */
async function written(content = contentOf(5)): Promise<Buffer> {
  const folder = await open();
  folder.write(NAME, content);
  await folder.close();
  return readFileSync(fileOf(NAME));
}

/** Every seventh byte, and all of the last part. */
function somePlaces({ length }: Buffer): number[] {
  return Array.from({ length }, (_, at) => at).filter((at) => at % 7 === 0 || at > length - 34);
}

describe('openKeptFolder', () => {
  it('gives back what was written, also to the next process, and to the owner alone', async () => {
    const before = await open();
    const content = contentOf(3_000_000);
    before.write(NAME, content);
    await before.close();
    expect(await before.keys()).toEqual([]);
    expect(existsSync(root)).toBe(false);

    const folder = await open(1e7);
    folder.write(NAME, content);
    await folder.close();

    const next = await open(1e7);
    expect(await next.keys()).toEqual([NAME]);
    // In one comparison: `toEqual` takes a minute for six million values.
    expect(isDeepStrictEqual(await next.read(NAME), content)).toBe(true);
    expect(statSync(fileOf(NAME)).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(fileOf(NAME))).mode & 0o777).toBe(0o700);
    expect(statSync(root).mode & 0o777).toBe(0o700);
    expect(readdirSync(dirname(fileOf(NAME)))).toEqual([`${NAME}.cache`]);
  });

  it('keeps planes that are parts of larger buffers, each in memory of its own', async () => {
    const all = Float32Array.from({ length: 8 }, (_, i) => i);
    await written({ metadata: 1, planes: [{ name: 'part', data: all.subarray(3, 5) }] });

    const read = await (await open()).read(NAME);
    expect(read?.planes[0]?.data).toEqual(Float32Array.of(3, 4));
    expect(read?.planes[0]?.data.buffer.byteLength).toBe(8);
  });

  it('takes a file for missing, and deletes it, when a byte of it is another', async () => {
    const bytes = await written();
    const folder = await open();
    for (const at of somePlaces(bytes)) {
      const damaged = Buffer.from(bytes);
      damaged.writeUInt8(bytes.readUInt8(at) ^ 0x20, at);
      writeFileSync(fileOf(NAME), damaged);
      expect(await folder.read(NAME)).toBeUndefined();
      expect(existsSync(fileOf(NAME))).toBe(false);
    }
    writeFileSync(fileOf(NAME), bytes);
    expect(await folder.read(NAME)).toEqual(contentOf(5));
  });

  it('does the same for the beginning of a file, and for one that goes on', async () => {
    const bytes = await written();
    const folder = await open();
    const parts = somePlaces(bytes).map((length) => bytes.subarray(0, length));
    for (const part of [...parts, Buffer.concat([bytes, Buffer.alloc(1)])]) {
      writeFileSync(fileOf(NAME), part);
      expect(await folder.read(NAME)).toBeUndefined();
      expect(existsSync(fileOf(NAME))).toBe(false);
    }
  });

  it('does the same for what is not a file of this name', async () => {
    await written();
    const other = `4-${'c'.repeat(64)}`;
    const folder = await open();
    renameSync(fileOf(NAME), fileOf(other));
    expect(await folder.read(other)).toBeUndefined();
    expect(existsSync(fileOf(other))).toBe(false);

    const bytes = await written();
    const elsewhere = temporary.write('elsewhere', bytes);
    rmSync(fileOf(NAME));
    symlinkSync(elsewhere, fileOf(NAME));
    expect(await folder.read(NAME)).toBeUndefined();
    expect(readdirSync(dirname(fileOf(NAME)))).toEqual([]);
    expect(existsSync(elsewhere)).toBe(true);

    mkdirSync(fileOf(NAME));
    expect(await folder.read(NAME)).toBeUndefined();
    expect(await folder.keys()).toEqual([]);
  });

  it('stays within its bytes, and drops what was used longest ago, whichever model has it', async () => {
    const size = (await written(contentOf(1_000))).length;
    rmSync(root, { recursive: true });
    const names = Array.from({ length: 4 }, (_, i) => `${i + 1}-${'d'.repeat(64)}`);
    const [first, second, third, fourth] = names as [string, string, string, string];
    const otherModel = 'e'.repeat(64);
    const other = await open(3 * size + 10, otherModel);
    other.write(first, contentOf(1_000));
    await other.close();
    const folder = await open(3 * size + 10);
    for (const name of [second, third]) folder.write(name, contentOf(1_000));
    await folder.close();
    const past = (seconds: number) => new Date(Date.now() - seconds * 1_000);
    utimesSync(fileOf(first, otherModel), past(30), past(30));
    utimesSync(fileOf(second), past(40), past(40));
    utimesSync(fileOf(third), past(20), past(20));

    expect(await folder.read(second)).toEqual(contentOf(1_000));
    folder.write(fourth, contentOf(1_000));
    await folder.close();

    expect(existsSync(fileOf(first, otherModel))).toBe(false);
    expect((await folder.keys()).sort()).toEqual([second, third, fourth]);
    folder.write(first, contentOf(1_000_000));
    await folder.close();
    expect(await folder.keys()).toHaveLength(3);
  });

  it('lets two processes write, read and drop at once', async () => {
    const size = (await written(contentOf(1_000))).length;
    const limit = 5 * size;
    const folders = await Promise.all([open(limit), open(limit)]);
    const names = Array.from({ length: 12 }, (_, i) => `${i + 1}-${'f'.repeat(64)}`);
    const log = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    let found = 0;

    for (let round = 0; round < 6; round++) {
      const reads = folders.flatMap((folder, which) =>
        names.map((name, index) => {
          if ((index + round + which) % 3 === 0) folder.write(name, contentOf(1_000));
          if ((index + round) % 5 === 0) folder.remove(name);
          return folder.read(name);
        }),
      );
      for (const read of await Promise.all(reads)) {
        if (!read) continue;
        found += 1;
        expect(read).toEqual(contentOf(1_000));
      }
      await Promise.all(folders.map((folder) => folder.close()));
      const files = readdirSync(join(root, MODEL));
      const bytes = files.reduce((sum, file) => sum + statSync(join(root, MODEL, file)).size, 0);
      expect(bytes).toBeLessThanOrEqual(limit);
      expect(files.filter((file) => !file.endsWith('.cache'))).toEqual([]);
    }
    expect(found).toBeGreaterThan(0);
    expect(log).not.toHaveBeenCalled();
    log.mockRestore();
  });

  it('clears away what never became whole and models of long ago, and nothing else', async () => {
    await written();
    const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000);
    const make = (path: string, hours: number) => {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, 'x');
      utimesSync(path, hoursAgo(hours), hoursAgo(hours));
    };
    const fresh = join(root, MODEL, '.1.partial');
    const old = join(root, MODEL, '.2.partial');
    make(fresh, 0);
    make(old, 2);
    make(fileOf(NAME, '1'.repeat(64)), 8 * 24);
    make(fileOf(NAME, '2'.repeat(64)), 6 * 24);
    make(join(root, 'something of mine', 'file'), 100 * 24);
    symlinkSync(join(root, 'something of mine'), join(root, '3'.repeat(64)));

    await open();

    expect(existsSync(fresh)).toBe(true);
    expect(existsSync(old)).toBe(false);
    expect(existsSync(join(root, '1'.repeat(64)))).toBe(false);
    expect(existsSync(fileOf(NAME, '2'.repeat(64)))).toBe(true);
    expect(existsSync(join(root, 'something of mine', 'file'))).toBe(true);
    expect(existsSync(fileOf(NAME))).toBe(true);
  });

  it('goes without a disk that cannot be written to, and says so once', async () => {
    const log = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    writeFileSync(root, 'not a folder');
    const folder = await open();
    folder.write(NAME, contentOf(5));
    folder.write(NAME, contentOf(5));
    await folder.close();

    expect(await folder.keys()).toEqual([]);
    expect(await folder.read(NAME)).toBeUndefined();
    expect(log).toHaveBeenCalledTimes(1);
    log.mockRestore();
  });

  it('writes no more than a few contents behind the one it is at', async () => {
    const folder = await open();
    for (let i = 1; i < 20; i++) folder.write(`${i}-${'b'.repeat(64)}`, contentOf(1));
    await folder.close();

    expect((await folder.keys()).length).toBeLessThan(6);
  });
});
