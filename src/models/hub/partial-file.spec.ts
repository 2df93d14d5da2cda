import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';

import {
  createTemporaryFolder,
  type TemporaryFolder,
} from '../../../test/setup/temporary-folder.js';
import type { HubFile } from './hub-snapshot.js';
import { openPartialFile } from './partial-file.js';

const FILE: HubFile = {
  name: 'model.safetensors',
  bytes: 25,
  checksum: { kind: 'sha256', hex: 'ab'.repeat(32) },
};

describe('openPartialFile', () => {
  let folder: TemporaryFolder;
  let path: string;
  beforeEach(() => {
    folder = createTemporaryFolder();
    path = folder.path('file');
  });
  afterEach(() => folder.remove());

  it('splits a file into ranges, the last one shorter', async () => {
    const partial = await openPartialFile(path, FILE, 10);
    await partial.close();

    expect(partial.ranges.map(({ begin, end }) => [begin, end])).toEqual([
      [0, 10],
      [10, 20],
      [20, 25],
    ]);
  });

  it('writes ranges in any order and renames the file', async () => {
    const partial = await openPartialFile(path, FILE, 10);
    await partial.append(2, Buffer.from('uvwxy'));
    await partial.append(0, Buffer.from('abcd'));
    await partial.append(1, Buffer.from('klmnopqrst'));
    await partial.append(0, Buffer.from('efghij'));
    await partial.close();
    await partial.complete();

    expect(readFileSync(path, 'utf8')).toBe('abcdefghijklmnopqrstuvwxy');
    expect(existsSync(`${path}.ranges`)).toBe(false);
  });

  it('resumes a download that was not closed', async () => {
    const earlier = await openPartialFile(path, FILE, 10);
    await earlier.append(1, Buffer.from('klm'));
    await earlier.append(0, Buffer.from('ab'));
    const partial = await openPartialFile(path, FILE, 10);
    await Promise.all([earlier.close(), partial.close()]);

    expect(partial.ranges.map(({ doneBytes }) => doneBytes)).toEqual([2, 3, 0]);
    expect(partial.doneBytes()).toBe(5);
  });

  it.each<[string, HubFile, number]>([
    ['with another checksum', { ...FILE, checksum: { kind: 'sha256', hex: 'cd'.repeat(32) } }, 10],
    ['of another size', { ...FILE, bytes: 26 }, 10],
    ['with another range size', FILE, 5],
  ])('starts over for a file %s', async (_, file, rangeBytes) => {
    const earlier = await openPartialFile(path, FILE, 10);
    await earlier.append(0, Buffer.from('ab'));
    await earlier.close();
    const partial = await openPartialFile(path, file, rangeBytes);
    await partial.close();

    expect(partial.doneBytes()).toBe(0);
    expect(statSync(`${path}.partial`).size).toBe(0);
  });

  it('ignores progress without its data file', async () => {
    const earlier = await openPartialFile(path, FILE, 10);
    await earlier.append(0, Buffer.from('ab'));
    await earlier.close();
    rmSync(`${path}.partial`);
    const partial = await openPartialFile(path, FILE, 10);
    await partial.close();

    expect(partial.doneBytes()).toBe(0);
  });

  it('clamps the recorded progress to the range size', async () => {
    const earlier = await openPartialFile(path, FILE, 10);
    await earlier.close();
    const notes = readFileSync(`${path}.ranges`);
    notes.writeUInt32LE(0xffffffff, notes.length - 4);
    folder.write('file.ranges', notes);
    const partial = await openPartialFile(path, FILE, 10);
    await partial.close();

    expect(partial.doneBytes()).toBe(5);
  });
});
