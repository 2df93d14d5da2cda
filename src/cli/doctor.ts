import type { Command } from 'commander';

import type { Configuration } from '../config/configuration.js';
import { MAX_TILES_PER_RUN } from '../config/limits.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { storeCalibrations, type Calibration } from '../measure/doctor/calibration.js';
import {
  diagnoseModel,
  type PackageUnderTest,
  type DoctorReport,
} from '../measure/doctor/diagnose-model.js';
import { inspectMachine, type Machine } from '../measure/doctor/machine.js';
import { predictMs } from '../measure/doctor/speed-model.js';
import { installModel } from '../models/install/install-model.js';
import { type InstalledModel, listInstalled } from '../models/install/installed-models.js';
import { packageDirectory } from '../models/package/home-folders.js';
import { PRECISIONS } from '../models/package/manifest.js';
import { inspectPackage, loadModelPackage } from '../models/package/model-package.js';
import { runInVerifyWorker } from '../workers/run-verify.js';
import {
  type CommandContext,
  configurationFor,
  createModelOption,
  exampleHelp,
} from './command-context.js';
import { formatBytes, formatTable, formatDuration, formatRate } from './formatting.js';
import type { Terminal } from './terminal.js';

const OK = 'ok';

/** Adds `doctor`. */
export function addDoctorCommand(program: Command, context: CommandContext): void {
  const { terminal, signal, workers } = context;
  program
    .command('doctor')
    .description('show this machine and its models, and measure the speed of one model')
    .addOption(createModelOption())
    .addHelpText('after', exampleHelp('doctor --model 7b-vision'))
    .action(async (options: { model?: string }) => {
      const configuration = configurationFor(options);
      const { home, threads } = configuration;
      const machine = await inspectMachine(home, process.env);
      printMachine(machine, terminal);

      // The installed models are listed even if the model to measure is missing.
      const finding = findPackages(configuration, terminal, signal);
      await Promise.allSettled([finding]);
      const installed = await checkInstalled(home, terminal, signal);
      printPackages(installed, terminal);
      const packages = leaveOutDamaged(await finding, installed);

      const diagnosis = await diagnoseModel({
        ...{ packages, machine, threads },
        measure: ({ directory, manifest: { precision } }, count) =>
          runInVerifyWorker(
            workers.verify,
            {
              type: 'verify',
              task: { packageDirectory: directory, threads: count, trace: { role: 'none' } },
            },
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
 * The packages of a model that were converted from the same checkpoint: all precisions in the home folder, or the one
 * package that a path names.
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

/**
 * Leaves out damaged packages, so that the others are measured. Returns all packages if every one is damaged: measuring
 * then reports the reason.
 */
export function leaveOutDamaged(
  packages: readonly PackageUnderTest[],
  installed: readonly CheckedPackage[],
): readonly PackageUnderTest[] {
  const undamaged = packages.filter(({ directory }) => {
    const checked = installed.find((other) => other.directory === directory);
    return checked === undefined || checked.condition === OK;
  });
  return undamaged.length > 0 ? undamaged : packages;
}

/** Verifies the SHA-256 sums of every installed package. */
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
    return OK;
  } catch (error) {
    if (error instanceof SalamandraError) return error.publicMessage;
    throw error;
  }
}

export interface CheckedPackage extends InstalledModel {
  /** `ok`, or the reason why the package is unusable. */
  readonly condition: string;
}

/** Load average from which measurements are unreliable: half a core is in use. */
const BUSY_LOAD = 0.5;

export function printMachine(machine: Machine, terminal: Terminal): void {
  const { memory, diskFree, ffmpeg, facts } = machine;
  const sets = facts?.instructionSets.join(', ');
  const limit = memory.limit === null ? '' : `, container limit ${formatBytes(memory.limit)}`;
  const rows = [
    ['Processor', machine.processor],
    ['Cores', describeCores(machine)],
    [
      'Instruction sets',
      facts === null ? 'unknown on this system' : sets || 'none that speed up models',
    ],
    ['Memory', `${formatBytes(memory.total)}${limit}, ${formatBytes(memory.available)} available`],
    ['Disk', `${formatBytes(diskFree)} free in the model folder`],
    ['ffmpeg', ffmpeg ?? 'missing (4.3 or newer is needed): images work, videos do not'],
    ['Node.js', process.version],
  ];
  terminal.result('Machine');
  printIndented(rows, [], terminal);
  if (machine.load < BUSY_LOAD) return;
  const load = machine.load.toFixed(1);
  terminal.result(
    `  The machine is busy (load average ${load}): the measured speeds will be too low. Run doctor again when it is idle.`,
  );
}

function printPackages(packages: readonly CheckedPackage[], terminal: Terminal): void {
  terminal.result('');
  terminal.result('Models');
  if (packages.length === 0) terminal.result('  none installed');
  const rows = packages.map(({ id, part, bytes, condition }) => [
    ...[id, part, formatBytes(bytes)],
    condition,
  ]);
  printIndented(rows, [2], terminal);
}

function printIndented(
  rows: readonly (readonly string[])[],
  rightAligned: readonly number[],
  terminal: Terminal,
): void {
  for (const line of formatTable(rows, { rightAligned })) terminal.result(`  ${line}`);
}

function describeCores({ facts, logicalCores, coreLimit }: Machine): string {
  const cores = facts?.physicalCores ?? null;
  // Some systems do not distinguish cores from hyper-threads.
  const known =
    cores === null || cores === logicalCores
      ? `${logicalCores}`
      : `${cores} (${logicalCores} hyper-threads)`;
  return coreLimit === null ? known : `${known}, container limit ${coreLimit}`;
}

/** Tokens in the context at which speeds are reported: about the middle of a request with one image. */
const SPEED_POSITION = 256;

const HEADER = ['PRECISION', 'THREADS', 'LOAD', 'TILE', 'PREFILL/S', 'DECODE/S', 'PEAK MEMORY'];

/** Prints the measurements and the recommendation. */
function printDiagnosis(
  { calibrations, tooLarge, recommendation }: DoctorReport,
  configuration: Pick<Configuration, 'model' | 'precision' | 'threads'>,
  terminal: Terminal,
): void {
  terminal.result('');
  terminal.result(
    `Speed of ${configuration.model} (TILE: one vision encoder run; PREFILL, DECODE: tokens per second)`,
  );
  const rows = [HEADER, ...calibrations.map(describeCalibration)];
  printIndented(rows, [1, 2, 3, 4, 5, 6], terminal);
  for (const precision of tooLarge) {
    terminal.result(`  ${precision}: not measured, the weights do not fit the memory`);
  }

  terminal.result('');
  if (!recommendation) {
    terminal.result('No recommendation: no installed package of this model fits the memory.');
    return;
  }
  const { precision, threads, reasons, isInstalled } = recommendation;
  terminal.result(`Recommended: SALAMANDRA_PRECISION=${precision} SALAMANDRA_THREADS=${threads}`);
  terminal.result(`  ${precision}: ${reasons.join('; ')}`);
  terminal.result(`  ${describeThreads(threads, calibrations)}`);
  if (!isInstalled) terminal.result(`  The ${precision} package is not installed yet.`);
  if (isInstalled && precision === configuration.precision && threads === configuration.threads) {
    terminal.result('  This is the current configuration.');
  }
  terminal.result(
    `  To measure the accuracy of a precision: npx salamandra verify ${configuration.model}`,
  );
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
  const measured = new Set(calibrations.map(({ threads: count }) => count));
  const number = threads === 1 ? '1 thread' : `${threads} threads`;
  return measured.size > 1
    ? `${number}: the smallest of the measured numbers with the highest speed (${[...measured].sort((a, b) => a - b).join(', ')})`
    : `${number}: one for each core`;
}
