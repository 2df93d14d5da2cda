import { type Command, Option } from 'commander';

import { type Configuration, loadConfiguration } from '../config/configuration.js';
import { storeCalibrations, type Calibration } from '../measure/doctor/calibration.js';
import {
  diagnoseModel,
  type PackageUnderTest,
  type DoctorReport,
} from '../measure/doctor/diagnose-model.js';
import { inspectMachine, type Machine } from '../measure/doctor/machine.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { installModel } from '../models/install/install-model.js';
import { type InstalledModel, listInstalled } from '../models/install/installed-models.js';
import { packageDirectory } from '../models/package/home.js';
import { PRECISIONS } from '../models/package/manifest.js';
import { inspectPackage, loadModelPackage } from '../models/package/model-package.js';
import { runVerifyInWorker } from '../workers/run-verify.js';
import type { Terminal } from './terminal.js';
import { formatBytes, formatTable, formatDuration, formatRate } from './formatting.js';
import { MAX_TILES_PER_RUN } from '../config/limits.js';
import { predictMs } from '../measure/doctor/speed-model.js';

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

export interface CheckedPackage extends InstalledModel {
  /** `sound`, or what is wrong. */
  readonly condition: string;
}

/** Half a core's worth of other work. */
const BUSY_LOAD = 0.5;

export function printMachine(machine: Machine, terminal: Terminal): void {
  const { memory, diskFree, ffmpeg, facts } = machine;
  const sets = facts?.instructionSets.join(', ');
  const limit =
    memory.limit === null ? '' : `, ${formatBytes(memory.limit)} of them for this container`;
  const rows = [
    ['Processor', machine.processor],
    ['Cores', describeCores(machine)],
    ['Instructions', facts === null ? 'not known on this system' : sets || 'none that matter'],
    ['Memory', `${formatBytes(memory.total)}${limit}; ${formatBytes(memory.available)} free`],
    ['Disk', `${formatBytes(diskFree)} free for models`],
    ['ffmpeg', ffmpeg ?? 'none of version 4.3 or newer; pictures work, clips do not'],
    ['Node', process.version],
  ];
  terminal.result('Machine');
  printIndented(rows, [], terminal);
  if (machine.load < BUSY_LOAD) return;
  const load = machine.load.toFixed(1);
  terminal.result(
    `  It is busy with other work (load ${load}): what is measured now is slower than it could be.`,
  );
}

export function printPackages(packages: readonly CheckedPackage[], terminal: Terminal): void {
  terminal.result('');
  terminal.result('Models');
  if (packages.length === 0) terminal.result('  none in the home folder');
  const rows = packages.map(({ id, part, bytes, condition }) => [
    ...[id, part, formatBytes(bytes)],
    condition,
  ]);
  printIndented(rows, [2], terminal);
}

export function printIndented(
  rows: readonly (readonly string[])[],
  rightAligned: readonly number[],
  terminal: Terminal,
): void {
  for (const line of formatTable(rows, { rightAligned })) terminal.result(`  ${line}`);
}

function describeCores({ facts, logicalCores, coreLimit }: Machine): string {
  const cores = facts?.physicalCores ?? null;
  // Where the system does not tell cores from hyper-threads, neither is claimed.
  const known =
    cores === null || cores === logicalCores
      ? `${logicalCores}`
      : `${cores}, ${logicalCores} hyper-threads`;
  return coreLimit === null ? known : `${known}; the container leaves the time of ${coreLimit}`;
}

/** Where speeds are told: in the middle of what a picture and its caption take. */
const SPEED_POSITION = 256;

const HEADER = ['PRECISION', 'THREADS', 'LOADED IN', 'A TILE', 'READ/S', 'WRITTEN/S', 'MEMORY'];

/** Prints what was measured and what follows from it. */
export function printDiagnosis(
  { calibrations, tooLarge, recommendation }: DoctorReport,
  configuration: Pick<Configuration, 'model' | 'precision' | 'threads'>,
  terminal: Terminal,
): void {
  terminal.result('');
  terminal.result(`Speed of ${configuration.model} (tokens of a prompt and an answer)`);
  const rows = [HEADER, ...calibrations.map(describeCalibration)];
  printIndented(rows, [1, 2, 3, 4, 5, 6], terminal);
  for (const precision of tooLarge) {
    terminal.result(`  ${precision} is larger than the memory and was not measured`);
  }

  terminal.result('');
  if (!recommendation) {
    terminal.result('No recommendation: no package of this model fits the memory.');
    return;
  }
  const { precision, threads, reasons, isInstalled } = recommendation;
  terminal.result(`Recommended: SALAMANDRA_PRECISION=${precision} SALAMANDRA_THREADS=${threads}`);
  terminal.result(`  ${precision}: ${reasons.join('; ')}`);
  terminal.result(`  ${describeThreads(threads, calibrations)}`);
  if (!isInstalled) terminal.result(`  It is not installed yet as ${precision}.`);
  if (isInstalled && precision === configuration.precision && threads === configuration.threads) {
    terminal.result('  That is how it is configured.');
  }
  terminal.result(`  "salamandra verify ${configuration.model}" tells what a precision costs.`);
}

function describeCalibration({ model, threads, loadMs, speed, peak }: Calibration): string[] {
  const { vision, prefill, step } = speed;
  return [
    model.precision,
    String(threads),
    formatDuration(loadMs),
    vision
      ? formatDuration(predictMs(vision.encoding, MAX_TILES_PER_RUN) / MAX_TILES_PER_RUN)
      : '-',
    formatRate((1000 * SPEED_POSITION) / predictMs(prefill, SPEED_POSITION)),
    formatRate(1000 / predictMs(step, SPEED_POSITION)),
    formatBytes(peak.bytes),
  ];
}

function describeThreads(threads: number, calibrations: readonly Calibration[]): string {
  const tried = new Set(calibrations.map((one) => one.threads));
  const number = threads === 1 ? '1 thread' : `${threads} threads`;
  return tried.size > 1
    ? `${number}: as fast as any other number that was tried (${[...tried].sort((a, b) => a - b).join(', ')})`
    : `${number}: one for each core`;
}
