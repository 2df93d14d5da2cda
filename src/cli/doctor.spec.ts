import { tinyManifest } from '../../test/tiny-model/tiny-package.js';
import type { Precision } from '../models/package/manifest.js';
import { leaveOutDamaged } from './doctor.js';
import type { CheckedPackage } from './doctor-report.js';

const manifest = { ...tinyManifest(), files: {}, digest: '' };
const tested = (part: Precision) => ({ directory: `/home/${part}`, manifest });
const installed = (part: Precision, condition: string): CheckedPackage => ({
  ...{ id: 'tiny', part, directory: `/home/${part}`, bytes: 1, manifest, condition },
  state: { kind: 'ready' },
});

describe('leaveOutDamaged', () => {
  it('keeps undamaged packages, and packages outside the home folder', () => {
    const packages = [tested('fp32'), tested('int8'), tested('int4')];
    const checked = [installed('int8', 'ok'), installed('int4', 'A file is missing.')];

    expect(leaveOutDamaged(packages, checked)).toEqual([tested('fp32'), tested('int8')]);
  });

  it('keeps all packages if every one is damaged', () => {
    const packages = [tested('int8')];

    expect(leaveOutDamaged(packages, [installed('int8', 'A file is missing.')])).toBe(packages);
  });
});
