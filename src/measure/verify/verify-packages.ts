import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { SalamandraError } from '../../errors/salamandra-error.js';
import type { ModelManifest } from '../../models/package/manifest.js';
import { loadModelPackage } from '../../models/package/model-package.js';
import type { ComparisonDepth, Examination, ExaminationTask } from './examination.js';
import { findIncomparability, type Reference } from './find-reference.js';

export interface PackageToVerify {
  readonly directory: string;
  readonly manifest: ModelManifest;
}

/** What was found out about one package. Its every byte was checked before. */
export interface VerifiedPackage extends PackageToVerify {
  readonly role: 'reference' | 'compared' | 'alone';
  readonly examination: Examination;
}

export interface VerificationTask {
  readonly packages: readonly PackageToVerify[];
  readonly reference: Reference;
  readonly threads: number;
  readonly depth: ComparisonDepth;
  /** Where the reference's values lie in the meantime: up to a megabyte for each token it writes. */
  readonly home: string;
  /** Examines a package in a process of its own. */
  readonly examine: (task: ExaminationTask, manifest: ModelManifest) => Promise<Examination>;
}

/**
 * Runs the reference, which is closed before any other package is loaded, and then the packages along what it wrote. Without a
 * reference they are verified and timed alone.
 *
 * @returns the reference first, then the packages in their order; one that is the reference itself appears once.
 * @throws INVALID_PARAMETER for two that cannot be compared; MODEL_INVALID for a package that is not as it was written.
 */
export async function verifyPackages(task: VerificationTask): Promise<VerifiedPackage[]> {
  const { reference, packages, threads, examine } = task;
  // Minutes before the reference has answered: a damaged package need not wait for that.
  for (const one of packages) await loadModelPackage(one.directory);
  if (reference.kind === 'none') {
    const verified: VerifiedPackage[] = [];
    for (const one of packages) {
      const trace = { role: 'none' } as const;
      const run = { packageDirectory: one.directory, threads, trace };
      verified.push({ ...one, role: 'alone', examination: await examine(run, one.manifest) });
    }
    return verified;
  }
  const compared = packages.filter(({ directory }) => directory !== reference.directory);
  for (const { manifest } of compared) {
    const reason = findIncomparability(reference.manifest, manifest);
    if (reason !== null) throw new SalamandraError('INVALID_PARAMETER', reason);
  }
  await mkdir(task.home, { recursive: true });
  const folder = await mkdtemp(join(task.home, '.verification-'));
  try {
    const { directory, manifest } = reference;
    const verified: VerifiedPackage[] = [];
    for (const one of [{ directory, manifest }, ...compared]) {
      const isReference = one.directory === directory;
      const trace = {
        role: isReference ? 'record' : 'compare',
        folder,
        depth: task.depth,
      } as const;
      const run = { packageDirectory: one.directory, threads, trace };
      const examination = await examine(run, one.manifest);
      verified.push({ ...one, role: isReference ? 'reference' : 'compared', examination });
    }
    return verified;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
