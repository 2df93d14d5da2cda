import { readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';

import {
  createTemporaryFolder,
  type TemporaryFolder,
} from '../../../test/setup/temporary-folder.js';
import { loadModelPackage } from '../package/model-package.js';
import { PROBE_SHAPE, writeSpeedProbe } from './speed-probe.js';

let folder: TemporaryFolder;
beforeEach(() => {
  folder = createTemporaryFolder();
});
afterEach(() => folder.remove());

describe('writeSpeedProbe', () => {
  it.each(['int4', 'int8'] as const)('writes a valid package in %s', async (precision) => {
    const directory = folder.path('probe');
    await writeSpeedProbe(directory, precision);
    const { manifest } = await loadModelPackage(directory);
    const { outputHead: head, ...decoder } = PROBE_SHAPE.decoder;

    expect(manifest).toMatchObject({ id: 'speed-probe', precision, decoder });
    expect([head, manifest.decoder.headRows]).toEqual(['own', 'head-rows.bin']);
    expect(manifest.vision).toMatchObject({
      hiddenSize: PROBE_SHAPE.vision.hiddenSize,
      layers: PROBE_SHAPE.vision.layers,
      patchesPerSide: Math.sqrt(PROBE_SHAPE.vision.patches),
    });
    expect(readdirSync(dirname(directory))).toEqual([basename(directory)]);
  });

  it('leaves nothing behind if the checkpoint is missing', async () => {
    const writing = writeSpeedProbe(folder.path('probe'), 'int4', folder.path('absent'));

    await expect(writing).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    expect(readdirSync(folder.path('.'))).toEqual([]);
  });
});
