import type { Command } from 'commander';

import { loadConfiguration, parsePrecision } from '../config/configuration.js';
import { inspectMachine, usableMemory } from '../measure/doctor/machine.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { installModel } from '../models/install/install-model.js';
import type { Precision } from '../models/package/manifest.js';
import { inspectPackage } from '../models/package/model-package.js';
import { runVerifyInWorker } from '../workers/run-verify.js';
import { findReferencePackage, type Reference } from '../measure/verify/reference-package.js';
import { type PackageToVerify, verifyPackages } from '../measure/verify/verify-packages.js';
import { printVerification, verificationJson } from './print-verification.js';
import type { Terminal } from './terminal.js';

interface VerifyOptions {
  readonly reference?: string;
  readonly precision?: string;
  readonly layers?: true;
  readonly json?: true;
}

/** Adds `verify`. @param workerEntry the module `verify.worker.js`. */
export function addVerifyCommand(
  program: Command,
  terminal: Terminal,
  signal: AbortSignal,
  workerEntry: URL,
): void {
  program
    .command('verify')
    .description('check every byte of a model, and measure what its precision costs')
    .argument('<model>', 'demo, an id, alias or repository, or the folder of a package')
    .option(
      '--precision <precisions>',
      'which of its packages, with commas (default: as configured)',
    )
    .option(
      '--reference <model>',
      'what to compare with (default: the fp32 package of the same checkpoint)',
    )
    .option('--layers', 'also the error after every layer')
    .option('--json', 'print JSON, one object a line')
    .action(async (model: string, options: VerifyOptions) => {
      const { home, precision, threads } = loadConfiguration(process.env);
      const precisions = options.precision?.split(',').map((text) => parsePrecision(text.trim()));
      const progress = (step: string) => {
        signal.throwIfAborted();
        terminal.progress(step);
      };
      const packages = await findPackages(
        {
          home,
          model,
          precisions: precisions ?? [precision],
          isExplicit: precisions !== undefined,
        },
        progress,
      );
      const reference = await chooseReference(home, model, options.reference, packages, progress);
      const verified = await verifyPackages({
        ...{ packages, reference, threads, home },
        depth: options.layers ? 'layers' : 'outputs',
        verify: (task, { precision: name }) =>
          runVerifyInWorker(workerEntry, task, {
            onProgress: (step) => terminal.progress(`${name}: ${step}`),
            signal,
          }),
      });
      terminal.clearProgress();
      const reason = reference.kind === 'none' ? reference.reason : null;
      if (options.json) {
        for (const one of verified) {
          terminal.result(JSON.stringify(verificationJson(one, threads, reason)));
        }
      } else {
        printVerification(verified, { threads, reason }, terminal);
      }
    });
}

interface PackageSearch {
  readonly home: string;
  readonly model: string;
  readonly precisions: readonly Precision[];
  /** Whether the precisions were asked for, so that no other one will do. */
  readonly isExplicit: boolean;
}

/** @throws MODEL_NOT_FOUND, MODEL_INVALID, INVALID_PARAMETER */
async function findPackages(
  { home, model, precisions, isExplicit }: PackageSearch,
  progress: (step: string) => void,
): Promise<PackageToVerify[]> {
  const packages = new Map<string, PackageToVerify>();
  for (const precision of precisions) {
    const directory = await installModel({ home, model, precision }, ({ stage }) =>
      progress(`converting ${stage}`),
    );
    const manifest = await inspectPackage(directory);
    if (isExplicit && manifest.precision !== precision) {
      throw new SalamandraError('MODEL_NOT_FOUND', `The model is not installed as ${precision}.`);
    }
    packages.set(directory, { directory, manifest });
  }
  return [...packages.values()];
}

async function chooseReference(
  home: string,
  model: string,
  named: string | undefined,
  [first]: readonly PackageToVerify[],
  progress: (step: string) => void,
): Promise<Reference> {
  if (named !== undefined) {
    const choice = { home, model: named, precision: 'fp32' as const };
    const directory = await installModel(choice, ({ stage }) => progress(`converting ${stage}`));
    return { kind: 'found', directory, manifest: await inspectPackage(directory) };
  }
  if (!first) return { kind: 'none', reason: 'There is no package to compare.' };
  const usableBytes = usableMemory(await inspectMachine(home, process.env));
  const { manifest } = first;
  return await findReferencePackage({ home, model, manifest, usableBytes }, progress);
}
