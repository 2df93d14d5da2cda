import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import {
  checkInteger,
  checkList,
  checkNumber,
  checkObject,
  checkOneOf,
  checkString,
  type JsonObject,
  parseJsonObject,
} from '../../models/package/json-fields.js';
import { type Precision, PRECISIONS } from '../../models/package/manifest.js';
import type { Curve, SpeedModel } from './speed-model.js';

/** Measured speed and memory of one package on one machine. */
export interface Calibration {
  /** Model name of the processor. */
  readonly processor: string;
  /** Threads of one graph run. */
  readonly threads: number;
  readonly model: { readonly id: string; readonly revision: string; readonly precision: Precision };
  /** ISO 8601. */
  readonly measuredAt: string;
  readonly loadMs: number;
  readonly speed: SpeedModel;
  /** Peak memory (RSS) of the process with the model, in bytes, with this many positions in the KV cache. */
  readonly peak: { readonly bytes: number; readonly positions: number };
}

/** Identifies a calibration. The model's id is not part of it: the revision hashes the checkpoint. */
export type CalibrationKey = Pick<Calibration, 'processor' | 'threads'> & {
  readonly model: Omit<Calibration['model'], 'id'>;
};

const FILE = 'calibrations.json';
/**
 * Increment when converted graphs become faster: the key of a calibration does not contain their version. Since format
 * 5, measurements that other programs disturbed are left out.
 */
const FORMAT_VERSION = 5;
/** The oldest are dropped: many models and machines may share one home folder over time. */
const MAX_CALIBRATIONS = 200;

/** Reads the calibrations in the home folder; none if the file is missing or invalid. */
export async function readCalibrations(home: string): Promise<readonly Calibration[]> {
  const bytes = await readFile(join(home, FILE)).catch(() => null);
  if (bytes === null) return [];
  try {
    return parse(parseJsonObject(bytes, FILE));
  } catch {
    // Another format version or a damaged file: `doctor` measures again.
    return [];
  }
}

/** Adds calibrations, replacing those with the same key. The file is replaced atomically. */
export async function storeCalibrations(
  home: string,
  added: readonly Calibration[],
): Promise<readonly Calibration[]> {
  const kept = (await readCalibrations(home)).filter((one) => !findCalibration(added, one));
  const calibrations = [...kept, ...added].slice(-MAX_CALIBRATIONS);
  const text = `${JSON.stringify({ formatVersion: FORMAT_VERSION, calibrations }, null, 2)}\n`;
  await mkdir(home, { recursive: true });
  const temporary = join(home, `.${FILE}.${randomUUID()}`);
  try {
    const handle = await open(temporary, 'wx');
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, join(home, FILE));
  } finally {
    await rm(temporary, { force: true });
  }
  return calibrations;
}

/** Finds the calibration of a package; undefined if it was not measured on this processor with these threads. */
export function findCalibration(
  calibrations: readonly Calibration[],
  { processor, threads, model }: CalibrationKey,
): Calibration | undefined {
  return calibrations.findLast(
    (other) =>
      other.processor === processor &&
      other.threads === threads &&
      other.model.revision === model.revision &&
      other.model.precision === model.precision,
  );
}

function parse(root: JsonObject): Calibration[] {
  checkOneOf(root['formatVersion'], 'formatVersion', [FORMAT_VERSION]);
  return checkList(root['calibrations'], 'calibrations', MAX_CALIBRATIONS, (item, label) => {
    const json = checkObject(item, label);
    const model = checkObject(json['model'], 'model');
    const speed = checkObject(json['speed'], 'speed');
    const peak = checkObject(json['peak'], 'peak');
    return {
      processor: checkString(json['processor'], 'processor', 256),
      threads: checkInteger(json['threads'], 'threads', { min: 1, max: 1024 }),
      model: {
        id: checkString(model['id'], 'id', 64),
        revision: checkString(model['revision'], 'revision', 64),
        precision: checkOneOf(model['precision'], 'precision', PRECISIONS),
      },
      measuredAt: checkString(json['measuredAt'], 'measuredAt', 64),
      loadMs: checkAmount(json['loadMs'], 'loadMs'),
      speed: {
        vision: speed['vision'] === null ? null : parseVision(speed['vision']),
        prefill: parseCurve(speed['prefill'], 'prefill'),
        step: parseCurve(speed['step'], 'step'),
        extraSequenceShare: checkAmount(speed['extraSequenceShare'], 'extraSequenceShare'),
      },
      peak: {
        bytes: checkAmount(peak['bytes'], 'bytes'),
        positions: checkAmount(peak['positions'], 'positions'),
      },
    };
  });
}

function parseVision(value: unknown): SpeedModel['vision'] {
  const json = checkObject(value, 'vision');
  return {
    tiling: parseCurve(json['tiling'], 'tiling'),
    encoding: parseCurve(json['encoding'], 'encoding'),
  };
}

function parseCurve(value: unknown, label: string): Curve {
  const json = checkObject(value, label);
  return {
    fixed: checkAmount(json['fixed'], 'fixed'),
    linear: checkAmount(json['linear'], 'linear'),
    square: checkAmount(json['square'], 'square'),
  };
}

function checkAmount(value: unknown, label: string): number {
  return checkNumber(value, label, { min: 0, max: Number.MAX_SAFE_INTEGER });
}
