import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createRandom } from '../../src/decoder/sampling/random.js';
import { PACKAGE_FILES } from '../../src/models/package/manifest.js';
import { loadModelPackage } from '../../src/models/package/model-package.js';
import { tinyManifest, tinyPackageFiles } from '../tiny-model/tiny-package.js';
import { flipBytes, replaceFiles } from './tamper-package.js';
import { writeTinyPackage } from './write-tiny-package.js';

let folder: string;
let directory: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tamper-'));
  directory = join(folder, 'package');
  const { headRows } = PACKAGE_FILES;
  const encoding = { kind: 'int8-rows' } as const;
  const decoder = { ...tinyManifest().decoder, headRows, encoding };
  // If two files had the same content, exchanging them would change nothing.
  const files = {
    ...tinyPackageFiles(),
    [headRows]: new Uint8Array(decoder.vocabularySize * (decoder.hiddenSize + 4)),
    [PACKAGE_FILES.tokenizerConfig]: Buffer.from('{"a":1}'),
  };
  await writeTinyPackage(directory, { files, manifest: { precision: 'int8', decoder } });
});

afterAll(() => rm(folder, { recursive: true }));

// `npm run trial:tamper` does the same with the demo model.
describe('a package that was tampered with', () => {
  it('is rejected wherever one byte differs', async () => {
    const outcomes = await flipBytes(directory, 200, createRandom(7));

    expect(outcomes).toHaveLength(200);
    expect(outcomes.filter(({ code }) => code !== 'MODEL_INVALID')).toEqual([]);
    expect((await loadModelPackage(directory)).manifest.id).toBe('tiny');
  });

  it('is rejected whichever file is replaced', async () => {
    const outcomes = await replaceFiles(directory);

    expect(outcomes).toHaveLength(91);
    expect(outcomes.filter(({ code }) => code !== 'MODEL_INVALID')).toEqual([]);
    expect((await loadModelPackage(directory)).manifest.id).toBe('tiny');
  });
});
