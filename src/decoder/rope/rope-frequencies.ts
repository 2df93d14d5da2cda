import type { DecoderManifest, RopeScaling } from '../../models/package/manifest.js';

/** Radians a position for each pair of a head's values, and what cosines and sines are multiplied with. */
export interface RopeFrequencies {
  readonly frequencies: Float32Array; // [headDim / 2]
  readonly attentionFactor: number;
}

export type RopeConfig = Pick<DecoderManifest, 'headDim' | 'ropeTheta' | 'ropeScaling'>;

type Yarn = Extract<RopeScaling, { readonly type: 'yarn' }>;
type Llama3 = Extract<RopeScaling, { readonly type: 'llama3' }>;

// Transformers works in float32 from one operation to the next; at position 8,000 a rounding shows in the fourth decimal.
const { fround } = Math;

/** The frequencies of `ROPE_INIT_FUNCTIONS` in modeling_rope_utils.py of Hugging Face transformers 5. */
export function computeRopeFrequencies(config: RopeConfig): RopeFrequencies {
  const { headDim, ropeTheta, ropeScaling } = config;
  const powers = Float32Array.from(
    { length: headDim / 2 },
    (_, i) => ropeTheta ** fround((2 * i) / headDim),
  );
  const plain = powers.map((power) => 1 / power);
  switch (ropeScaling?.type) {
    case undefined:
      return { frequencies: plain, attentionFactor: 1 };
    case 'linear':
      return {
        frequencies: plain.map((frequency) => frequency / ropeScaling.factor),
        attentionFactor: 1,
      };
    case 'llama3':
      return {
        frequencies: plain.map((frequency) => stretchByWavelength(frequency, ropeScaling)),
        attentionFactor: 1,
      };
    case 'yarn':
      return {
        frequencies: blendByRotations(powers, config, ropeScaling),
        attentionFactor: ropeScaling.attentionFactor,
      };
  }
}

/** Short waves stay, long ones are stretched by the factor, and those between partly. */
function stretchByWavelength(
  frequency: number,
  { factor, lowFreqFactor, highFreqFactor, originalMaxPositions }: Llama3,
): number {
  const wavelength = fround((2 * Math.PI) / frequency);
  if (wavelength < fround(originalMaxPositions / highFreqFactor)) return frequency;
  const stretched = fround(frequency / factor);
  if (wavelength > fround(originalMaxPositions / lowFreqFactor)) return stretched;
  const rotations = fround(originalMaxPositions / wavelength);
  const smooth = fround(fround(rotations - lowFreqFactor) / (highFreqFactor - lowFreqFactor));
  const long = fround(fround(fround(1 - smooth) * frequency) / factor);
  return fround(long + fround(smooth * frequency));
}

/**
 * YaRN: pairs that turn often within the original context stay, those that hardly turn are stretched, and those between
 * are blended along a line.
 */
function blendByRotations(
  powers: Float32Array,
  { headDim, ropeTheta }: RopeConfig,
  { factor, originalMaxPositions, betaFast, betaSlow, truncate }: Yarn,
): Float32Array {
  const pairOf = (rotations: number) =>
    (headDim * Math.log(originalMaxPositions / (rotations * 2 * Math.PI))) /
    (2 * Math.log(ropeTheta));
  const [first, last] = [pairOf(betaFast), pairOf(betaSlow)];
  const low = Math.max(truncate ? Math.floor(first) : first, 0);
  const high = Math.min(truncate ? Math.ceil(last) : last, headDim - 1);
  // Equal ends would divide by zero.
  const width = high === low ? 0.001 : high - low;
  return powers.map((power, i) => {
    const ramp = fround(fround(i - fround(low)) / fround(width));
    const kept = fround(1 - Math.min(Math.max(ramp, 0), 1));
    const stretched = fround(1 / fround(factor * power));
    return fround(fround(stretched * fround(1 - kept)) + fround(fround(1 / power) * kept));
  });
}
