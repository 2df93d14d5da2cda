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
import type { Examination, ExaminationTask } from './examination.js';
import { examinePackage } from './examine-package.js';
import { findReference } from './find-reference.js';
import { type PackageToVerify, type VerifiedPackage, verifyPackages } from './verify-packages.js';

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
      ...{ packages: [again, int8], depth: 'layers', home, threads: 2 },
      reference: { kind: 'found', ...fp32 },
      // In this process: what memory it takes is not asked here.
      examine: (task) => examinePackage(task, () => undefined),
    });
  });

  it('finds no difference between a package and itself, layer by layer', () => {
    const [first, second] = verified;
    const comparison = second?.examination.comparison;

    expect(first).toMatchObject({ role: 'reference', examination: { comparison: null } });
    expect(comparison).toMatchObject({
      divergence: { mean: 0, max: 0 },
      topAgreement: 1,
      pictureError: 0,
      layerErrors: { tower: [0, 0, 0, 0, 0, 0], decoder: [0, 0, 0, 0, 0, 0] },
    });
    expect(comparison?.prompts.every((one) => one.agreedTokens === one.tokens)).toBe(true);
    expect(new Set(comparison?.prompts.map(({ language }) => language)).size).toBe(8);
  });

  it('finds what eight bits cost, and that layers add to it', () => {
    const { comparison, speed, loadMs } = verified[2]!.examination;
    const { divergence, layerErrors, topAgreement } = comparison!;

    expect(divergence.mean).toBeGreaterThan(1e-4);
    expect(divergence.mean).toBeLessThan(0.02);
    expect(divergence.max).toBeGreaterThan(divergence.mean);
    expect(topAgreement).toBeGreaterThan(0.9);
    expect(layerErrors?.tower).toHaveLength(6);
    expect(layerErrors?.decoder).toHaveLength(6);
    for (const error of [...layerErrors!.tower, ...layerErrors!.decoder]) {
      expect(error).toBeGreaterThan(0.001);
      expect(error).toBeLessThan(0.1);
    }
    expect(layerErrors!.tower[5]).toBeGreaterThan(layerErrors!.tower[0]!);
    expect(speed.vision!.encoding.linear + speed.vision!.encoding.fixed).toBeGreaterThan(0);
    expect(loadMs).toBeGreaterThan(0);
  });

  it('leaves nothing of the reference behind', () => {
    expect(readdirSync(home)).toEqual(['packages']);
  });

  it('examines packages alone, each verified, if there is no reference', async () => {
    const tasks: ExaminationTask[] = [];
    const examination = { loadMs: 1 } as Examination;
    const verified = await verifyPackages({
      ...{ packages: [int8, fp32], threads: 3, depth: 'layers' as const, home },
      reference: { kind: 'none', reason: 'None.' },
      examine: (task) => Promise.resolve(tasks.push(task)).then(() => examination),
    });

    const trace = { role: 'none' };
    expect(tasks).toEqual([
      { packageDirectory: int8.directory, threads: 3, trace },
      { packageDirectory: fp32.directory, threads: 3, trace },
    ]);
    expect(verified).toEqual([
      { ...int8, role: 'alone', examination },
      { ...fp32, role: 'alone', examination },
    ]);
  });

  it('refuses packages of different vocabularies before anything is loaded', async () => {
    const { manifest } = int8;
    const decoder = { ...manifest.decoder, vocabularySize: 9215 };
    const other = { ...int8, manifest: { ...manifest, decoder } };
    const examine = () => Promise.reject(new Error('It was loaded.'));
    const reference = { kind: 'found', ...fp32 } as const;
    const task = { packages: [other], reference, threads: 1, depth: 'outputs' as const, home };

    await expect(verifyPackages({ ...task, examine })).rejects.toMatchObject({
      code: 'INVALID_PARAMETER',
    });
  });
});

describe('findReference', () => {
  const search = { model: './somewhere', usableBytes: 1e9 };
  const find = (more: Partial<Parameters<typeof findReference>[0]>) =>
    findReference({ ...search, home, manifest: int8.manifest, ...more }, () => undefined);

  it('finds the fp32 package of the same checkpoint', async () => {
    expect(await find({})).toMatchObject({ kind: 'found', directory: fp32.directory });
  });

  it.each<[string, () => Partial<Parameters<typeof findReference>[0]>, string]>([
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
