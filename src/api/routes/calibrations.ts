import {
  type Calibration,
  findCalibration,
  readCalibrations,
} from '../../measure/doctor/calibration.js';
import { describeProcessor } from '../../measure/doctor/machine.js';
import type { ModelDescription } from '../../engine/vision-language-engine.js';

/** How fast the loaded model was found to be on this machine; undefined where nobody measured it. */
export type FindCalibration = (model: ModelDescription) => Promise<Calibration | undefined>;

/** Looks in the home folder at every call: "salamandra doctor" may run while the service does. */
export function createCalibrationFinder({
  home,
  threads,
}: {
  readonly home: string;
  readonly threads: number;
}): FindCalibration {
  return async (model) => {
    const key = { processor: describeProcessor(), threads, model };
    return findCalibration(await readCalibrations(home), key);
  };
}
