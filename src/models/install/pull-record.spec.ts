import { readFileSync } from 'node:fs';

import {
  createTemporaryFolder,
  type TemporaryFolder,
} from '../../../test/setup/temporary-folder.js';
import { type PullRecord, readPullRecord, writePullRecord } from './pull-record.js';

const RECORD: PullRecord = {
  snapshot: {
    repository: 'BSC-LT/salamandra-2b',
    commit: 'a1'.repeat(20),
    licence: 'apache-2.0',
    access: 'gated',
    files: new Map([
      [
        'config.json',
        { name: 'config.json', bytes: 7, checksum: { kind: 'git-sha1', hex: 'b2'.repeat(20) } },
      ],
      [
        'm.safetensors',
        { name: 'm.safetensors', bytes: 5e9, checksum: { kind: 'sha256', hex: 'c3'.repeat(32) } },
      ],
    ]),
  },
  revision: null,
  state: 'unfinished',
  conditions: 'accepted',
  hashes: new Map([['config.json', 'd4'.repeat(32)]]),
};

describe('the record of a pull', () => {
  let folder: TemporaryFolder;
  beforeEach(() => {
    folder = createTemporaryFolder();
  });
  afterEach(() => folder.remove());

  it('is parsed as it was written', async () => {
    await writePullRecord(folder.path(''), RECORD);
    expect(await readPullRecord(folder.path(''))).toEqual(RECORD);
  });

  it('is null if there is none', async () => {
    expect(await readPullRecord(folder.path(''))).toBeNull();
  });

  it.each([
    ['cut short', (text: string) => text.slice(0, -10)],
    ['with a file in a folder', (text: string) => text.replace('"m.safe', '"../m.safe')],
    ['with a state nobody knows', (text: string) => text.replace('unfinished', 'half')],
    ['with a hash that is none', (text: string) => text.replace('d4d4', 'zzzz')],
  ])('is nothing when it is %s', async (_, change) => {
    await writePullRecord(folder.path(''), RECORD);
    folder.write('pull.json', change(readFileSync(folder.path('pull.json'), 'utf8')));
    expect(await readPullRecord(folder.path(''))).toBeNull();
  });
});
