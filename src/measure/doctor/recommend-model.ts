import { offeredLanguages } from '../../language/languages.js';
import { countParameters } from '../../models/package/known-models.js';
import type { ModelEstimate } from './survey-models.js';

/** Up to here, captioning a folder of pictures is a matter of hours. */
const MAX_SECONDS_PER_PICTURE = 60;

/**
 * The vision-language model to take on this machine. Of those that fit and write a caption within a minute, it is the
 * one with the most languages, then the most parameters; if none is that fast, the fastest.
 *
 * @returns null if none fits, or the speed of the machine is not known.
 */
export function recommendModel(estimates: readonly ModelEstimate[]): ModelEstimate | null {
  const usable = estimates.flatMap((estimate) => {
    const seconds = estimate.speed?.secondsPerPicture ?? null;
    return estimate.fit === 'fits' && seconds !== null ? [{ estimate, seconds }] : [];
  });
  const fast = usable.filter(({ seconds }) => seconds <= MAX_SECONDS_PER_PICTURE);
  const sorted =
    fast.length > 0
      ? fast.sort((a, b) => compareAbilities(b.estimate, a.estimate))
      : usable.sort((a, b) => a.seconds - b.seconds);
  return sorted[0]?.estimate ?? null;
}

function compareAbilities({ model: left }: ModelEstimate, { model: right }: ModelEstimate): number {
  const languages =
    offeredLanguages(left.languages).length - offeredLanguages(right.languages).length;
  return languages === 0 ? countParameters(left.shape) - countParameters(right.shape) : languages;
}
