import { MAX_TILES_PER_RUN } from '../config/limits.js';
import type { Configuration } from '../config/configuration.js';
import type { Calibration } from '../measure/doctor/calibration.js';
import type { DoctorReport } from '../measure/doctor/diagnose-model.js';
import { predictMs } from '../measure/doctor/speed-model.js';
import { formatBytes } from './format-bytes.js';
import { formatDuration, formatRate } from './format-speed.js';
import { printIndented } from './print-machine.js';
import type { Terminal } from './terminal.js';

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
