import * as fs from 'node:fs/promises';
import { join } from 'node:path';

import { jest } from '@jest/globals';

import { createTemporaryFolder } from '../../../test/setup/temporary-folder.js';
import { writeTinyCheckpoint } from '../../../test/tiny-model/tiny-checkpoint.js';

const SPARE_BYTES = 256 << 20;
/** Free bytes of the disk, as `statfs` reports them. */
let freeBytes = 0;
const asked: string[] = [];
jest.unstable_mockModule('node:fs/promises', () => ({
  ...fs,
  statfs: (path: string) => {
    asked.push(path);
    return Promise.resolve({ bavail: freeBytes, bsize: 1 });
  },
}));
const { convertCheckpoint } = await import('./convert-checkpoint.js');

describe('convertCheckpoint', () => {
  const folder = createTemporaryFolder();
  afterAll(() => folder.remove());

  it('checks the free disk space before it writes anything', async () => {
    const checkpointDirectory = folder.path('checkpoint');
    await writeTinyCheckpoint(checkpointDirectory);
    const output = folder.path('new/folder');
    const request = { checkpointDirectory, precision: 'int8' } as const;
    freeBytes = SPARE_BYTES + 1000;

    await expect(
      convertCheckpoint({ ...request, outputDirectory: join(output, 'package') }),
    ).rejects.toMatchObject({ code: 'STORAGE_FULL', details: { free: '0.3 GB' } });
    expect(await fs.readdir(folder.path('.'))).toEqual(['checkpoint']);
    // The nearest folder that exists.
    expect(asked).toEqual([folder.path('.')]);

    freeBytes = SPARE_BYTES + (1 << 20);
    await convertCheckpoint({ ...request, outputDirectory: join(output, 'package') });
    expect(await fs.readdir(output)).toEqual(['package']);
  });
});
