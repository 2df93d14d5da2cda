import { type Command, Option } from 'commander';

import { type Configuration, loadConfiguration } from '../config/configuration.js';
import { storeCalibrations } from '../measure/doctor/calibration.js';
import { diagnoseModel, type PackageUnderTest } from '../measure/doctor/diagnose-model.js';
import { inspectMachine } from '../measure/doctor/machine.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { installModel } from '../models/install/install-model.js';
import { type InstalledModel, listInstalled } from '../models/install/installed-models.js';
import { packageDirectory } from '../models/package/home-folders.js';
import { PRECISIONS } from '../models/package/manifest.js';
import { inspectPackage, loadModelPackage } from '../models/package/model-package.js';
import { runVerifyInWorker } from '../workers/run-verify.js';
import { printDiagnosis } from './print-diagnosis.js';
import { type CheckedPackage, printMachine, printPackages } from './print-machine.js';
import type { Terminal } from './terminal.js';

const SOUND = 'sound';

/** Adds `doctor`. @param workerEntry the module `verify.worker.js`. */
export function addDoctorCommand(
  program: Command,
  terminal: Terminal,
  signal: AbortSignal,
  workerEntry: URL,
): void {
  program
    .command('doctor')
    .description('look at this machine and its models, and measure how fast one of them runs')
    .addOption(new Option('--model <model>', 'which to measure (default: as configured)'))
    .action(async (options: { model?: string }) => {
      const loaded = loadConfiguration(process.env);
      const configuration = { ...loaded, model: options.model ?? loaded.model };
      const { home, threads } = configuration;
      const machine = await inspectMachine(home, process.env);
      printMachine(machine, terminal);

      // What is installed is told also where the model to measure is not.
      const finding = findPackages(configuration, terminal, signal);
      await Promise.allSettled([finding]);
      const installed = await checkInstalled(home, terminal, signal);
      printPackages(installed, terminal);
      const packages = leaveOutDamaged(await finding, installed);

      const diagnosis = await diagnoseModel({
        ...{ packages, machine, threads },
        measure: ({ directory, manifest: { precision } }, count) =>
          runVerifyInWorker(
            workerEntry,
            { packageDirectory: directory, threads: count, trace: { role: 'none' } },
            {
              onProgress: (step) =>
                terminal.progress(`Measuring ${precision} with ${count} threads: ${step}`),
              signal,
            },
          ),
      });
      await storeCalibrations(home, diagnosis.calibrations);
      printDiagnosis(diagnosis, configuration, terminal);
    });
}

/**
 * The packages of a model that were made from the same checkpoint: those in the home folder, or the one in a folder of its own.
 *
 * @throws MODEL_NOT_FOUND, MODEL_INVALID
 */
async function findPackages(
  { home, model, precision }: Pick<Configuration, 'home' | 'model' | 'precision'>,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<PackageUnderTest[]> {
  const directory = await installModel({ home, model, precision }, ({ stage }) => {
    signal.throwIfAborted();
    terminal.progress(`Converting ${stage}`);
  });
  const found = { directory, manifest: await inspectPackage(directory) };
  const { id, source } = found.manifest;
  if (directory !== packageDirectory(home, id, found.manifest.precision)) return [found];
  const packages: PackageUnderTest[] = [];
  for (const other of PRECISIONS) {
    const otherDirectory = packageDirectory(home, id, other);
    const manifest = await inspectPackage(otherDirectory).catch(() => null);
    if (manifest?.source.revision !== source.revision) continue;
    packages.push({ directory: otherDirectory, manifest });
  }
  return packages;
}

/** A damaged package, which is told of by then, does not keep the others from being measured. All of them where none is sound. */
export function leaveOutDamaged(
  packages: readonly PackageUnderTest[],
  installed: readonly CheckedPackage[],
): readonly PackageUnderTest[] {
  const sound = packages.filter(({ directory }) => {
    const checked = installed.find((one) => one.directory === directory);
    return checked === undefined || checked.condition === SOUND;
  });
  return sound.length > 0 ? sound : packages;
}

/** Reads every byte of every package. */
async function checkInstalled(
  home: string,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<CheckedPackage[]> {
  const checked: CheckedPackage[] = [];
  for (const one of await listInstalled(home)) {
    signal.throwIfAborted();
    if (one.part === 'source') continue;
    terminal.progress(`Verifying ${one.id} ${one.part}`);
    checked.push({ ...one, condition: await findCondition(one) });
  }
  terminal.clearProgress();
  return checked;
}

async function findCondition({ directory, state }: InstalledModel): Promise<string> {
  if (state.kind !== 'ready') return state.kind === 'invalid' ? state.reason : state.kind;
  try {
    await loadModelPackage(directory);
    return SOUND;
  } catch (error) {
    if (error instanceof SalamandraError) return error.publicMessage;
    throw error;
  }
}
