import { FAKE_MODEL } from '../../../test/fakes/fake-engine.js';
import { tinyManifest } from '../../../test/tiny-model/tiny-package.js';
import {
  type ModelManifest,
  PACKAGE_FILES,
  type Precision,
} from '../../models/package/manifest.js';
import { diagnoseModel, type MeasuredPackage, type PackageUnderTest } from './diagnose-model.js';
import type { Machine } from './machine.js';

const NOTHING = { fixed: 0, linear: 0, square: 0 };
const MACHINE: Machine = {
  ...{ processor: 'Test processor', load: 0, logicalCores: 8, coreLimit: null },
  facts: { instructionSets: ['AVX2', 'VNNI'], physicalCores: 4 },
  memory: { total: 16e9, limit: null, available: 16e9 },
  ...{ diskFree: 1e12, ffmpeg: null, programs: [], canCapDecoders: true },
};

/** A text-only model whose output head alone takes 1 GB in fp32. */
function packageIn(precision: Precision): PackageUnderTest {
  const { decoder, ...rest } = tinyManifest();
  const manifest: ModelManifest = {
    ...{ ...rest, precision, vision: null, digest: '' },
    decoder: { ...decoder, hiddenSize: 1000, vocabularySize: 250_000 },
    files: { [PACKAGE_FILES.tokenizer]: { bytes: 1, sha256: 'a'.repeat(64) } },
  };
  return { directory: `/packages/${precision}`, manifest };
}

/** Runs `diagnoseModel` with a fake measurement: milliseconds of a decode step by precision and number of threads. */
function diagnose(
  stepMs: Record<string, number>,
  {
    precisions = ['fp32', 'int8'] as Precision[],
    machine = MACHINE,
    threads = 4,
    disturbance = { slowdown: 1, otherCores: 0 },
  } = {},
) {
  const runs: string[] = [];
  const measure = ({ manifest }: PackageUnderTest, count: number): Promise<MeasuredPackage> => {
    const run = `${manifest.precision} x${count}`;
    runs.push(run);
    return Promise.resolve({
      speed: {
        ...{ vision: null, prefill: NOTHING, extraSequenceShare: 0 },
        step: { ...NOTHING, fixed: stepMs[run] ?? NaN },
      },
      ...{ longestPrompt: 1024, loadMs: 7, peakBytes: 2e9, disturbance },
      costs: { ...FAKE_MODEL.costs, geometry: null },
    });
  };
  const packages = precisions.map(packageIn);
  return diagnoseModel({ packages, machine, threads, measure }).then((found) => ({ found, runs }));
}

describe('diagnoseModel', () => {
  it('measures every package with the configured threads, then the recommended one with other numbers', async () => {
    const { found, runs } = await diagnose({ 'fp32 x4': 20, 'int8 x4': 10, 'int8 x8': 12 });

    expect(runs).toEqual(['fp32 x4', 'int8 x4', 'int8 x8']);
    expect(found.recommendation).toMatchObject({
      precision: 'int8',
      threads: 4,
      isInstalled: true,
    });
    expect(found.tooLarge).toEqual([]);
    const calibrations = found.measured.map(({ calibration }) => calibration);
    expect(calibrations.map(({ model, threads }) => `${model.precision} x${threads}`)).toEqual(
      runs,
    );
    expect(calibrations[0]).toMatchObject({
      ...{ processor: 'Test processor', loadMs: 7, peak: { bytes: 2e9, positions: 1024 } },
      model: { id: 'tiny', revision: '0'.repeat(64) },
    });
    expect(found.measured.every(({ quality }) => quality === 'steady')).toBe(true);
  });

  it('recommends the number of threads that is fastest for the recommended package', async () => {
    const { found } = await diagnose({ 'fp32 x4': 30, 'int8 x4': 10, 'int8 x8': 5 });

    expect(found.recommendation).toMatchObject({ precision: 'int8', threads: 8 });
  });

  it('does not recommend an fp32 package that was left by verify, even if it is fastest', async () => {
    const { found } = await diagnose({ 'fp32 x4': 1, 'int8 x4': 10, 'int8 x8': 12 });

    expect(found.recommendation).toMatchObject({ precision: 'int8', isInstalled: true });
  });

  it('decides by rules if other programs disturbed the measurements', async () => {
    const stepMs = { 'int8 x4': 10, 'int8 x8': 1, 'int4 x4': 1, 'int4 x8': 1 };
    const precisions: Precision[] = ['int8', 'int4'];
    const steady = await diagnose(stepMs, { precisions });
    const disturbance = { slowdown: 2.5, otherCores: 1 };
    const disturbed = await diagnose(stepMs, { precisions, disturbance });

    expect(steady.found.recommendation).toMatchObject({ precision: 'int4' });
    // The rule for small models, and the configured number of threads.
    expect(disturbed.found.recommendation).toMatchObject({ precision: 'int8', threads: 4 });
    expect(disturbed.found.measured.map(({ quality }) => quality)).not.toContain('steady');
  });

  it('does not measure a package whose weights are larger than the memory', async () => {
    const memory = { total: 16e9, limit: 0.9e9, available: 0.9e9 };
    const { found, runs } = await diagnose(
      { 'int8 x4': 10, 'int8 x8': 9.5 },
      { machine: { ...MACHINE, memory } },
    );

    expect(found.tooLarge).toEqual(['fp32']);
    expect(runs).toEqual(['int8 x4', 'int8 x8']);
    // 5 % faster is noise, so fewer threads are better.
    expect(found.recommendation).toMatchObject({ threads: 4 });
  });

  it('recommends nothing if no package fits the memory', async () => {
    const memory = { total: 1e6, limit: null, available: 1e6 };
    const { found, runs } = await diagnose({}, { machine: { ...MACHINE, memory } });

    expect(found).toEqual({ measured: [], tooLarge: ['fp32', 'int8'], recommendation: null });
    expect(runs).toEqual([]);
  });

  it('recommends a precision that is not installed, with threads measured on an installed one', async () => {
    const machine = { ...MACHINE, memory: { total: 3e9, limit: null, available: 3e9 } };
    const { found, runs } = await diagnose(
      { 'fp32 x4': 20, 'fp32 x8': 10 },
      { precisions: ['fp32'], machine },
    );

    expect(runs).toEqual(['fp32 x4', 'fp32 x8']);
    expect(found.recommendation).toMatchObject({
      precision: 'int8',
      threads: 8,
      isInstalled: false,
    });
  });
});
