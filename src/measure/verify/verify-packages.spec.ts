import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { jest } from '@jest/globals';

import {
  createTemporaryFolder,
  type TemporaryFolder,
} from '../../../test/setup/temporary-folder.js';
import { PROJECT_DIRECTORY } from '../../config/configuration.js';
import { installModel } from '../../models/install/install-model.js';
import type { Precision } from '../../models/package/manifest.js';
import { inspectPackage } from '../../models/package/model-package.js';
import { verifyPackage } from './verify-package.js';
import { findReferencePackage } from './reference-package.js';
import { type PackageToVerify, type VerifiedPackage, verifyPackages } from './verify-packages.js';
import type { VerifyResult, VerifyTask } from './verify-result.js';

// Three packages are loaded and timed, whatever else the machine does.
jest.setTimeout(300_000);

let folder: TemporaryFolder;
let home: string;
let fp32: PackageToVerify;
let int8: PackageToVerify;

beforeAll(async () => {
  folder = createTemporaryFolder();
  home = folder.path('home');
  fp32 = await installDemo('fp32');
  int8 = await installDemo('int8');
});

afterAll(() => folder.remove());

async function installDemo(precision: Precision): Promise<PackageToVerify> {
  const bundled = join(PROJECT_DIRECTORY, 'models/demo');
  const choice = { home, model: 'demo', precision };
  const directory = await installModel(choice, () => undefined, bundled);
  return { directory, manifest: await inspectPackage(directory) };
}

describe('verifyPackages', () => {
  let verified: VerifiedPackage[];

  beforeAll(async () => {
    const again = { ...fp32, directory: `${fp32.directory}/.` };
    verified = await verifyPackages({
      ...{ packages: [again, int8], home, threads: 2 },
      reference: { kind: 'found', ...fp32 },
      // In this process: peak memory is not tested here.
      verify: (task) => verifyPackage(task, () => undefined),
    });
  });

  it('finds no difference between a package and itself in any layer', () => {
    const [first, second] = verified;
    const comparison = second?.result.comparison;

    expect(first).toMatchObject({ role: 'reference', result: { comparison: null } });
    expect(comparison).toMatchObject({
      klDivergence: { mean: 0, max: 0 },
      top1Agreement: 1,
      imageFeatureError: 0,
      layerErrors: { visionEncoder: [0, 0, 0, 0, 0, 0], decoder: [0, 0, 0, 0, 0, 0] },
    });
    expect(comparison?.prompts.every((one) => one.matchingTokens === one.tokens)).toBe(true);
    expect(new Set(comparison?.prompts.map(({ language }) => language)).size).toBe(8);
  });

  it('measures the int8 error, which grows from layer to layer', () => {
    const { comparison, speed, loadMs } = verified[2]!.result;
    const { klDivergence, layerErrors, top1Agreement } = comparison!;

    expect(klDivergence.mean).toBeGreaterThan(1e-4);
    expect(klDivergence.mean).toBeLessThan(0.02);
    expect(klDivergence.max).toBeGreaterThan(klDivergence.mean);
    expect(top1Agreement).toBeGreaterThan(0.9);
    expect(layerErrors.visionEncoder).toHaveLength(6);
    expect(layerErrors.decoder).toHaveLength(6);
    for (const error of [...layerErrors.visionEncoder, ...layerErrors.decoder]) {
      expect(error).toBeGreaterThan(0.001);
      expect(error).toBeLessThan(0.1);
    }
    expect(layerErrors.visionEncoder[5]).toBeGreaterThan(layerErrors.visionEncoder[0]!);
    expect(speed.vision!.encoding.linear + speed.vision!.encoding.fixed).toBeGreaterThan(0);
    expect(loadMs).toBeGreaterThan(0);
  });

  it('removes the trace of the reference', () => {
    expect(readdirSync(home)).toEqual(['packages']);
  });

  it('verifies each package without a trace if there is no reference', async () => {
    const tasks: VerifyTask[] = [];
    const result = { loadMs: 1 } as VerifyResult;
    const verified = await verifyPackages({
      ...{ packages: [int8, fp32], threads: 3, home },
      reference: { kind: 'none', reason: 'None.' },
      verify: (task) => Promise.resolve(tasks.push(task)).then(() => result),
    });

    const trace = { role: 'none' };
    expect(tasks).toEqual([
      { packageDirectory: int8.directory, threads: 3, trace },
      { packageDirectory: fp32.directory, threads: 3, trace },
    ]);
    expect(verified).toEqual([
      { ...int8, role: 'alone', result },
      { ...fp32, role: 'alone', result },
    ]);
  });

  it('rejects packages of different vocabularies before it loads a model', async () => {
    const { manifest } = int8;
    const decoder = { ...manifest.decoder, vocabularySize: 9215 };
    const other = { ...int8, manifest: { ...manifest, decoder } };
    const verify = () => Promise.reject(new Error('It was loaded.'));
    const reference = { kind: 'found', ...fp32 } as const;
    const task = { packages: [other], reference, threads: 1, home };

    await expect(verifyPackages({ ...task, verify })).rejects.toMatchObject({
      code: 'INVALID_PARAMETER',
    });
  });
});

describe('findReferencePackage', () => {
  const search = { model: './somewhere', usableBytes: 1e9 };
  const find = (more: Partial<Parameters<typeof findReferencePackage>[0]>) =>
    findReferencePackage({ ...search, home, manifest: int8.manifest, ...more }, () => undefined);

  it('finds the fp32 package of the same checkpoint', async () => {
    expect(await find({})).toMatchObject({ kind: 'found', directory: fp32.directory });
  });

  it.each<[string, () => Partial<Parameters<typeof findReferencePackage>[0]>, string]>([
    ['none is there', () => ({ home: folder.path('empty') }), 'There is no fp32 package'],
    ['it does not fit the memory', () => ({ usableBytes: 1e7 }), 'more memory'],
    [
      'it was made from another checkpoint',
      () => {
        const { manifest } = int8;
        const source = { ...manifest.source, revision: 'f'.repeat(64) };
        return { manifest: { ...manifest, source } };
      },
      'another checkpoint',
    ],
  ])('says so when %s', async (_, more, reason) => {
    const found = await find(more());

    expect(found).toMatchObject({
      kind: 'none',
      reason: expect.stringContaining(reason) as string,
    });
  });
});
