import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { SalamandraError } from '../../errors/salamandra-error.js';
import type { ModelManifest } from '../../models/package/manifest.js';
import { loadModelPackage } from '../../models/package/model-package.js';
import { incompatibilityOf, type Reference } from './reference-package.js';
import type { VerifyResult, VerifyTask } from './verify-result.js';

export interface PackageToVerify {
  readonly directory: string;
  readonly manifest: ModelManifest;
}

/** A package whose SHA-256 sums match its manifest, with its measurements. */
export interface VerifiedPackage extends PackageToVerify {
  readonly role: 'reference' | 'compared' | 'alone';
  readonly result: VerifyResult;
}

export interface VerifyPackagesTask {
  readonly packages: readonly PackageToVerify[];
  readonly reference: Reference;
  readonly threads: number;
  /** Holds the temporary trace of the reference: up to 1 MB for each generated token. */
  readonly home: string;
  /** Verifies one package in a child process. */
  readonly verify: (task: VerifyTask, manifest: ModelManifest) => Promise<VerifyResult>;
}

/**
 * Runs the reference and records its answers, closes it, and then runs each package on the same tokens (teacher
 * forcing), so that only one model is in memory at a time. Without a reference, packages are only verified and timed.
 *
 * @returns the reference first, then the packages in the given order. A package that is the reference appears once.
 * @throws INVALID_PARAMETER if a package and the reference have different tokenizers or modalities; MODEL_INVALID if a
 *   file does not match its manifest.
 */
export async function verifyPackages(task: VerifyPackagesTask): Promise<VerifiedPackage[]> {
  const { reference, packages, threads, verify } = task;
  // The reference takes minutes: find damaged packages first.
  for (const one of packages) await loadModelPackage(one.directory);
  if (reference.kind === 'none') {
    const verified: VerifiedPackage[] = [];
    for (const one of packages) {
      const trace = { role: 'none' } as const;
      const run = { packageDirectory: one.directory, threads, trace };
      verified.push({ ...one, role: 'alone', result: await verify(run, one.manifest) });
    }
    return verified;
  }
  const compared = packages.filter(({ directory }) => directory !== reference.directory);
  for (const { manifest } of compared) {
    const reason = incompatibilityOf(reference.manifest, manifest);
    if (reason !== null) throw new SalamandraError('INVALID_PARAMETER', reason);
  }
  await mkdir(task.home, { recursive: true });
  const folder = await mkdtemp(join(task.home, '.verification-'));
  try {
    const { directory, manifest } = reference;
    const verified: VerifiedPackage[] = [];
    for (const one of [{ directory, manifest }, ...compared]) {
      const isReference = one.directory === directory;
      const trace = { role: isReference ? 'record' : 'compare', folder } as const;
      const run = { packageDirectory: one.directory, threads, trace };
      const result = await verify(run, one.manifest);
      verified.push({ ...one, role: isReference ? 'reference' : 'compared', result });
    }
    return verified;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
