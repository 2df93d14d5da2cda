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

/** What one package took on one machine. */
export interface Calibration {
  /** The machine: its processor's name, and how many threads a run had. */
  readonly processor: string;
  readonly threads: number;
  readonly model: { readonly id: string; readonly revision: string; readonly precision: Precision };
  /** ISO 8601. */
  readonly measuredAt: string;
  readonly loadMs: number;
  readonly speed: SpeedModel;
  /** Of the process that holds the model: bytes at most, when this many positions were in the cache. */
  readonly peak: { readonly bytes: number; readonly positions: number };
}

/** What a calibration is found by; ids and names do not matter. */
export type CalibrationKey = Pick<Calibration, 'processor' | 'threads'> & {
  readonly model: Omit<Calibration['model'], 'id'>;
};

const FILE = 'calibrations.json';
/** Raised when graphs become faster: a calibration is found by its checkpoint, which stays the same. */
const FORMAT_VERSION = 3;
/** The oldest give way: models and machines come and go under one home folder. */
const MAX_CALIBRATIONS = 200;

/** The calibrations in the home folder; none where there is no file, or it cannot be read. */
export async function readCalibrations(home: string): Promise<readonly Calibration[]> {
  const bytes = await readFile(join(home, FILE)).catch(() => null);
  if (bytes === null) return [];
  try {
    return parse(parseJsonObject(bytes, FILE));
  } catch {
    // Of another version, or damaged: it is measured again, not repaired.
    return [];
  }
}

/** Adds calibrations, each in the place of an older one of its key. The file appears whole or not at all. */
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

/** The calibration of this model as it would run now; undefined where it was never measured so. */
export function findCalibration(
  calibrations: readonly Calibration[],
  { processor, threads, model }: CalibrationKey,
): Calibration | undefined {
  return calibrations.findLast(
    (one) =>
      one.processor === processor &&
      one.threads === threads &&
      one.model.revision === model.revision &&
      one.model.precision === model.precision,
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
        further: checkAmount(speed['further'], 'further'),
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
    cutting: parseCurve(json['cutting'], 'cutting'),
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
