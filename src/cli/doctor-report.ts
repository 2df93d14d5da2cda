import type { Configuration } from '../config/configuration.js';
import { MAX_TILES_PER_RUN } from '../config/limits.js';
import type { DoctorReport, MeasuredCalibration } from '../measure/doctor/diagnose-model.js';
import type { Machine } from '../measure/doctor/machine.js';
import { predictMs } from '../measure/doctor/speed-model.js';
import { CAPTION_TOKENS, type ModelEstimate } from '../measure/doctor/survey-models.js';
import type { InstalledModel } from '../models/install/installed-models.js';
import { offeredLanguages } from '../language/languages.js';
import { countParameters } from '../models/package/known-models.js';
import { formatBytes, formatDuration, formatRate, formatTable } from './formatting.js';
import type { MeasuredMachine } from './probe-machine.js';
import type { Terminal } from './terminal.js';

/** Condition of an undamaged package. */
export const OK = 'ok';

export interface CheckedPackage extends InstalledModel {
  /** `ok`, or the reason why the package is unusable. */
  readonly condition: string;
}

/** What every known model needs on this machine. */
export interface Survey {
  readonly estimates: readonly ModelEstimate[];
  readonly recommended: ModelEstimate | null;
  readonly quality: MeasuredMachine['quality'];
}

/** Load average from which measurements may be disturbed: half a core is in use. */
const BUSY_LOAD = 0.5;

export function printMachine(machine: Machine, terminal: Terminal): void {
  const { memory, diskFree, ffmpeg, programs, canCapDecoders, facts } = machine;
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
    [
      'ffmpeg',
      ffmpeg ?? 'missing (4.3 or newer is needed): images work, videos and OpenEXR do not',
    ],
    ...programs.map(({ name, files, debianPackage, path }) => [
      name,
      path ?? `missing (Debian: ${debianPackage}): it decodes ${files}`,
    ]),
    ['Decoder limits', describeCaps(canCapDecoders)],
    ['Node.js', process.version],
  ];
  terminal.result('Machine');
  printIndented(rows, [], terminal);
  if (machine.load < BUSY_LOAD) return;
  const load = machine.load.toFixed(1);
  terminal.result(
    `  The machine is busy (load average ${load}): measurements are repeated, and the best times count.`,
  );
}

export function printPackages(packages: readonly CheckedPackage[], terminal: Terminal): void {
  terminal.result('');
  terminal.result('Installed');
  if (packages.length === 0) terminal.result('  none');
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

function describeCaps(canCap: boolean): string {
  if (canCap) return 'memory, file size, time';
  return process.platform === 'linux'
    ? 'time only: prlimit (util-linux) is not on the PATH'
    : 'time only on this system';
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

const SPEED_HEADER = [
  ...['PRECISION', 'THREADS', 'LOAD', 'TILE', 'PREFILL/S', 'DECODE/S', 'PEAK MEMORY', 'STATE'],
];

const DISTURBED_NOTE =
  'Other programs disturbed the measurements. The best times are shown, but not kept for estimates. Run doctor again when the machine is idle.';

/** Prints the measurements of one model and the recommended settings. */
export function printDiagnosis(
  { measured, tooLarge, recommendation }: DoctorReport,
  configuration: Pick<Configuration, 'model' | 'precision' | 'threads'>,
  terminal: Terminal,
): void {
  terminal.result('');
  terminal.result(
    `Speed of ${configuration.model} (TILE: one vision encoder run; PREFILL, DECODE: tokens per second)`,
  );
  printIndented([SPEED_HEADER, ...measured.map(describeMeasured)], [1, 2, 3, 4, 5, 6], terminal);
  for (const precision of tooLarge) {
    terminal.result(`  ${precision}: not measured, the weights do not fit the memory`);
  }
  if (measured.some(({ quality }) => quality === 'disturbed')) {
    terminal.result(`  ${DISTURBED_NOTE}`);
  }

  terminal.result('');
  if (!recommendation) {
    terminal.result('No recommendation: no installed package of this model fits the memory.');
    return;
  }
  const { precision, threads, reasons, isInstalled } = recommendation;
  terminal.result(`Recommended: SALAMANDRA_PRECISION=${precision} SALAMANDRA_THREADS=${threads}`);
  terminal.result(`  ${precision}: ${reasons.join('; ')}`);
  terminal.result(`  ${describeThreads(threads, measured)}`);
  if (!isInstalled) terminal.result(`  The ${precision} package is not installed yet.`);
  if (isInstalled && precision === configuration.precision && threads === configuration.threads) {
    terminal.result('  This is the current configuration.');
  }
  terminal.result(
    `  To measure the accuracy of a precision: npx salamandra verify ${configuration.model}`,
  );
}

function describeMeasured({ calibration, quality }: MeasuredCalibration): string[] {
  const { model, threads, loadMs, speed, peak } = calibration;
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
    quality,
  ];
}

function describeThreads(threads: number, measured: readonly MeasuredCalibration[]): string {
  const steady = measured.filter(({ quality }) => quality === 'steady');
  const counts = new Set(steady.map(({ calibration }) => calibration.threads));
  const number = threads === 1 ? '1 thread' : `${threads} threads`;
  if (steady.length === 0) return `${number}: the configured number`;
  return counts.size > 1
    ? `${number}: the smallest of the measured numbers with the highest speed (${[...counts].sort((a, b) => a - b).join(', ')})`
    : `${number}: one for each core`;
}

const SURVEY_HEADER = [
  ...['NAME', 'PARAMETERS', 'LANGUAGES', 'PRECISION', 'DISK', 'MEMORY', 'PICTURE', 'TOKENS/S'],
  'STATE',
];

const SURVEY_NOTES = {
  disturbed:
    'Other programs disturbed the measurement: models are faster on an idle machine. Run doctor again then.',
  earlier: 'Other programs disturbed the measurement: the speeds are from an earlier one.',
} as const;

/** Prints what every known model would need here, and which one to take. */
export function printSurvey({ estimates, recommended, quality }: Survey, terminal: Terminal): void {
  terminal.result('');
  terminal.result(
    `Models for this machine (estimates; PICTURE: a caption of ${CAPTION_TOKENS} tokens of a photograph, 1600 x 1200 pixels)`,
  );
  printIndented([SURVEY_HEADER, ...estimates.map(describeEstimate)], [1, 2, 4, 5, 6, 7], terminal);
  if (estimates.some(({ model }) => model.shapeSource === 'estimated')) {
    terminal.result(
      '  about: the configuration of the model could not be read; sizes are estimated',
    );
  }
  if (estimates.every(({ speed }) => speed === null)) {
    terminal.result('  Speeds are missing: measuring them needs 1 GB of disk space.');
  } else if (quality !== 'steady') {
    terminal.result(`  ${SURVEY_NOTES[quality]}`);
  }
  terminal.result('');
  for (const line of describeRecommendation(recommended)) terminal.result(line);
}

function describeEstimate(estimate: ModelEstimate): string[] {
  const { model, installed, precision, packageBytes, memoryBytes, fit, speed } = estimate;
  const about = model.shapeSource === 'estimated' ? 'about ' : '';
  const state = installed.length > 0 ? `installed (${installed.join(', ')})` : fit;
  return [
    model.name,
    `${(countParameters(model.shape) / 1e9).toFixed(1)} B`,
    String(offeredLanguages(model.languages).length),
    precision,
    `${about}${formatBytes(packageBytes)}`,
    `${about}${formatBytes(memoryBytes)}`,
    speed?.secondsPerPicture ? formatSeconds(speed.secondsPerPicture) : '-',
    speed ? formatRate(speed.tokensPerSecond) : '-',
    installed.length > 0 && fit !== 'fits' ? `${state}, ${fit}` : state,
  ];
}

/** Two significant digits: an estimate is not more exact. */
function formatSeconds(seconds: number): string {
  return seconds < 9.95 ? `${seconds.toFixed(1)} s` : `${Number(seconds.toPrecision(2))} s`;
}

function describeRecommendation(recommended: ModelEstimate | null): string[] {
  if (!recommended)
    return ['No model for images is recommended: none fits, or its speed is unknown.'];
  const { model, precision, installed, downloadBytes, packageBytes, memoryBytes, speed } =
    recommended;
  const seconds = speed?.secondsPerPicture;
  const gated =
    model.access === 'gated' ? ' The model is gated: it needs a token with access (HF_TOKEN).' : '';
  const facts = [
    `${offeredLanguages(model.languages).length} languages`,
    ...(seconds ? [`about ${formatSeconds(seconds)} a picture`] : []),
    `${formatBytes(memoryBytes)} of memory`,
    `${formatBytes(downloadBytes)} to download`,
    `${formatBytes(packageBytes)} on disk`,
  ];
  const isInstalled = installed.includes(precision);
  const command = isInstalled
    ? `npx salamandra serve --model ${model.name}`
    : `npx salamandra pull ${model.name} --precision ${precision}`;
  return [`Take ${model.name}: ${command}`, `  ${facts.join(', ')}.${gated}`];
}
