import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';

import {
  type Calibration,
  findCalibration,
  readCalibrations,
  storeCalibrations,
} from '../measure/doctor/calibration.js';
import { isDisturbed } from '../measure/doctor/disturbance.js';
import type { Machine } from '../measure/doctor/machine.js';
import type { ProbeSpeed } from '../measure/doctor/project-speed.js';
import { PROBE_BYTES, PROBE_SHAPE, writeSpeedProbe } from '../models/install/speed-probe.js';
import { runInVerifyWorker } from '../workers/run-verify.js';
import type { CommandContext } from './command-context.js';

/** The measured speed of this machine, for models that are not installed. */
export interface MeasuredMachine {
  /** `null` if there is too little disk space for the probe. */
  readonly probe: ProbeSpeed | null;
  /** `earlier`: other programs disturbed the measurement, and an earlier one is used in its place. */
  readonly quality: 'steady' | 'disturbed' | 'earlier';
}

type ProbePrecision = keyof ProbeSpeed['speeds'];

/** Calibrations of another probe do not count. */
const PROBE_REVISION = createHash('sha256').update(JSON.stringify(PROBE_SHAPE)).digest('hex');

/**
 * Measures a synthetic model with layers as wide as those of published models, which is deleted afterwards. An
 * undisturbed measurement is kept, and used when a later one is disturbed.
 */
export async function probeMachine(
  { home, threads }: { readonly home: string; readonly threads: number },
  machine: Pick<Machine, 'diskFree' | 'processor'>,
  context: Pick<CommandContext, 'workers' | 'terminal' | 'signal'>,
): Promise<MeasuredMachine> {
  if (machine.diskFree < PROBE_BYTES) return { probe: null, quality: 'steady' };
  await mkdir(home, { recursive: true });
  const folder = await mkdtemp(join(home, '.speed-probe-'));
  try {
    const int4 = await measureProbe('int4', folder, { threads, machine }, context);
    const int8 = await measureProbe('int8', folder, { threads, machine }, context);
    if (int4.isSteady && int8.isSteady) {
      await storeCalibrations(home, [int4.calibration, int8.calibration]);
      return { probe: toProbe(int4.calibration, int8.calibration), quality: 'steady' };
    }
    const stored = await readCalibrations(home);
    const earlier = (precision: ProbePrecision) =>
      findCalibration(stored, keyOf(precision, { threads, machine }));
    const [earlier4, earlier8] = [earlier('int4'), earlier('int8')];
    return earlier4 && earlier8
      ? { probe: toProbe(earlier4, earlier8), quality: 'earlier' }
      : { probe: toProbe(int4.calibration, int8.calibration), quality: 'disturbed' };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface ProbedMachine {
  readonly threads: number;
  readonly machine: Pick<Machine, 'processor'>;
}

async function measureProbe(
  precision: ProbePrecision,
  folder: string,
  probed: ProbedMachine,
  { workers, terminal, signal }: Pick<CommandContext, 'workers' | 'terminal' | 'signal'>,
): Promise<{ readonly calibration: Calibration; readonly isSteady: boolean }> {
  const packageDirectory = join(folder, precision);
  await writeSpeedProbe(packageDirectory, precision);
  const { threads } = probed;
  const { speed, loadMs, peakBytes, longestPrompt, disturbance } = await runInVerifyWorker(
    workers.verify,
    {
      type: 'verify',
      task: { packageDirectory, threads, trace: { role: 'none' }, caches: 'cold' },
    },
    {
      onProgress: (step) => terminal.progress(`Measuring this machine in ${precision}: ${step}`),
      signal,
    },
  );
  const { processor, model } = keyOf(precision, probed);
  const calibration = {
    ...{ processor, threads, speed, loadMs },
    model: { ...model, id: 'speed-probe' },
    measuredAt: new Date().toISOString(),
    peak: { bytes: peakBytes, positions: longestPrompt },
  };
  return { calibration, isSteady: !isDisturbed(disturbance, threads) };
}

function keyOf(precision: ProbePrecision, { threads, machine }: ProbedMachine) {
  return { processor: machine.processor, threads, model: { revision: PROBE_REVISION, precision } };
}

function toProbe({ speed: int4 }: Calibration, { speed: int8 }: Calibration): ProbeSpeed {
  return { shape: PROBE_SHAPE, speeds: { int4, int8 } };
}
