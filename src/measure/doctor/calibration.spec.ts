import { readdirSync } from 'node:fs';

import {
  createTemporaryFolder,
  type TemporaryFolder,
} from '../../../test/setup/temporary-folder.js';
import {
  type Calibration,
  findCalibration,
  readCalibrations,
  storeCalibrations,
} from './calibration.js';

const LINE = { fixed: 1, linear: 2, square: 0 };
const ONE: Calibration = {
  processor: 'Some Processor',
  threads: 4,
  model: { id: 'demo', revision: 'a'.repeat(64), precision: 'int8' },
  measuredAt: '2026-01-01T00:00:00.000Z',
  loadMs: 12.5,
  speed: {
    vision: { tiling: LINE, encoding: LINE },
    prefill: LINE,
    step: LINE,
    extraSequenceShare: 0.2,
  },
  peak: { bytes: 1e9, positions: 1024 },
};
const TEXT_ONLY: Calibration = {
  ...ONE,
  model: { ...ONE.model, revision: 'b'.repeat(64) },
  speed: { ...ONE.speed, vision: null },
};

let folder: TemporaryFolder;
let home: string;

beforeEach(() => {
  folder = createTemporaryFolder();
  home = folder.path('home');
});

afterEach(() => folder.remove());

describe('storeCalibrations', () => {
  it('creates the home folder with one file and no temporary files', async () => {
    await storeCalibrations(home, [ONE, TEXT_ONLY]);

    expect(await readCalibrations(home)).toEqual([ONE, TEXT_ONLY]);
    expect(readdirSync(home)).toEqual(['calibrations.json']);
  });

  it('replaces the calibration of the same model on the same machine', async () => {
    await storeCalibrations(home, [ONE]);
    const later = { ...ONE, loadMs: 99 };
    const others = [
      { ...ONE, threads: 2 },
      { ...ONE, processor: 'Another' },
      { ...ONE, model: { ...ONE.model, precision: 'int4' as const } },
    ];
    await storeCalibrations(home, [later, ...others]);

    expect(await readCalibrations(home)).toEqual([later, ...others]);
  });
});

describe('readCalibrations', () => {
  it('reads a file of the current format version', async () => {
    folder.write('calibrations.json', store(ONE));

    expect(await readCalibrations(folder.path('.'))).toEqual([ONE]);
  });

  it.each([
    ['not JSON', '{'],
    ['the version that kept disturbed measurements', store(ONE, 4)],
    ['a negative duration', store({ ...ONE, loadMs: -1 })],
    [
      'a curve without a coefficient',
      store({ ...ONE, speed: { ...ONE.speed, step: { fixed: 1 } } }),
    ],
  ])('finds none in a file with %s', async (_, text) => {
    folder.write('calibrations.json', text);

    expect(await readCalibrations(folder.path('.'))).toEqual([]);
  });
});

describe('findCalibration', () => {
  const find = (key: Partial<Calibration>) => findCalibration([ONE, TEXT_ONLY], { ...ONE, ...key });

  it('finds the calibration of the same revision, precision and threads', () => {
    expect(find({})).toBe(ONE);
    expect(find({ model: TEXT_ONLY.model })).toBe(TEXT_ONLY);
  });

  it.each<[string, Partial<Calibration>]>([
    ['other threads', { threads: 8 }],
    ['another machine', { processor: 'Another' }],
    ['another precision', { model: { ...ONE.model, precision: 'fp32' } }],
    ['another checkpoint', { model: { ...ONE.model, revision: 'c'.repeat(64) } }],
  ])('finds none for %s', (_, key) => {
    expect(find(key)).toBeUndefined();
  });
});

function store(calibration: object, formatVersion = 5): string {
  return JSON.stringify({ formatVersion, calibrations: [calibration] });
}
