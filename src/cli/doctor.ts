import type { Command } from 'commander';

import type { Configuration } from '../config/configuration.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import {
  type Calibration,
  findCalibration,
  storeCalibrations,
} from '../measure/doctor/calibration.js';
import {
  diagnoseModel,
  type DoctorReport,
  type PackageUnderTest,
} from '../measure/doctor/diagnose-model.js';
import { inspectMachine, type Machine } from '../measure/doctor/machine.js';
import { recommendModel } from '../measure/doctor/recommend-model.js';
import { surveyModels } from '../measure/doctor/survey-models.js';
import { installModel } from '../models/install/install-model.js';
import { type InstalledModel, listInstalled } from '../models/install/installed-models.js';
import { packageDirectory } from '../models/package/home-folders.js';
import { KNOWN_MODELS, type KnownModel } from '../models/package/known-models.js';
import { type Precision, PRECISIONS } from '../models/package/manifest.js';
import { packageIdOf } from '../models/package/model-names.js';
import { inspectPackage, loadModelPackage } from '../models/package/model-package.js';
import { runInVerifyWorker } from '../workers/run-verify.js';
import {
  type CommandContext,
  configurationFor,
  createJsonOption,
  createModelOption,
  exampleHelp,
} from './command-context.js';
import { type Diagnosis, doctorJson } from './doctor-json.js';
import {
  type CheckedPackage,
  OK,
  printDiagnosis,
  printMachine,
  printPackages,
  printSurvey,
} from './doctor-report.js';
import { probeMachine } from './probe-machine.js';
import type { Terminal } from './terminal.js';

/** Adds `doctor`. */
export function addDoctorCommand(program: Command, context: CommandContext): void {
  program
    .command('doctor')
    .description('show this machine, and which models it can run and how fast')
    .addOption(createModelOption())
    .addOption(createJsonOption())
    .addHelpText('after', exampleHelp('doctor', 'doctor --model 7b-vision'))
    .action(async (options: { model?: string; json?: true }) => {
      const configuration = configurationFor(options);
      const { terminal } = context;
      // Results are printed as they come, unless they are one JSON object.
      const printed = options.json ? null : terminal;
      const diagnosis = await diagnose(configuration, context, printed);
      if (options.json) terminal.result(JSON.stringify(doctorJson(diagnosis)));
    });
}

/** @throws the errors of `findPackages`, after everything else was printed. */
async function diagnose(
  configuration: Configuration,
  context: CommandContext,
  printed: Terminal | null,
): Promise<Diagnosis> {
  const { home } = configuration;
  const { terminal, signal } = context;
  const machine = await inspectMachine(home, process.env);
  if (printed) printMachine(machine, printed);

  // Everything else is found out even if the model to measure is missing.
  const finding = findPackages(configuration, terminal, signal);
  await Promise.allSettled([finding]);
  const installed = await checkInstalled(home, terminal, signal);
  if (printed) printPackages(installed, printed);
  const measuring = finding.then((packages) =>
    measurePackages(leaveOutDamaged(packages, installed), machine, configuration, context),
  );
  await Promise.allSettled([measuring]);
  signal.throwIfAborted();
  const report = await measuring.catch(() => null);
  if (printed && report) printDiagnosis(report, configuration, printed);

  const calibrations = await storeCalibrations(home, report ? steadyCalibrations(report) : []);
  const { probe, quality } = await probeMachine(configuration, machine, context);
  const estimates = surveyModels({
    ...{ models: KNOWN_MODELS, machine, probe },
    installedAs: (model) => installedPackages(model, installed).map(({ precision }) => precision),
    findCalibration: (model, precision) =>
      findInstalledCalibration(model, precision, {
        installed,
        calibrations,
        machine,
        configuration,
      }),
  });
  const survey = { estimates, recommended: recommendModel(estimates), quality };
  terminal.clearProgress();
  if (printed) printSurvey(survey, printed);
  return { machine, installed, report: report ?? (await measuring), survey };
}

/** Disturbed measurements are not kept: they would go into estimates for as long as the model is not measured again. */
function steadyCalibrations({ measured }: DoctorReport): Calibration[] {
  return measured.flatMap(({ calibration, quality }) =>
    quality === 'steady' ? [calibration] : [],
  );
}

function measurePackages(
  packages: readonly PackageUnderTest[],
  machine: Machine,
  { threads }: Configuration,
  { terminal, signal, workers }: CommandContext,
): Promise<DoctorReport> {
  return diagnoseModel({
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
}

/** The usable packages of a known model. */
function installedPackages(
  { repository }: KnownModel,
  installed: readonly CheckedPackage[],
): { readonly precision: Precision; readonly revision: string }[] {
  return installed.flatMap(({ id, part, manifest, condition }) =>
    id === packageIdOf(repository) && part !== 'source' && manifest && condition === OK
      ? [{ precision: part, revision: manifest.source.revision }]
      : [],
  );
}

function findInstalledCalibration(
  model: KnownModel,
  precision: Precision,
  {
    installed,
    calibrations,
    machine,
    configuration,
  }: {
    readonly installed: readonly CheckedPackage[];
    readonly calibrations: readonly Calibration[];
    readonly machine: Machine;
    readonly configuration: Configuration;
  },
): Calibration | undefined {
  const found = installedPackages(model, installed).find((one) => one.precision === precision);
  const { processor } = machine;
  const { threads } = configuration;
  return found && findCalibration(calibrations, { processor, threads, model: found });
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
