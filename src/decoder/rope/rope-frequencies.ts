import type { DecoderManifest, RopeScaling } from '../../models/package/manifest.js';

/** Rotary frequencies in radians per position, and the factor of cosines and sines. */
export interface RopeFrequencies {
  readonly frequencies: Float32Array; // [headDim / 2]
  readonly attentionFactor: number;
}

export type RopeConfig = Pick<DecoderManifest, 'headDim' | 'ropeTheta' | 'ropeScaling'>;

type Yarn = Extract<RopeScaling, { readonly type: 'yarn' }>;
type Llama3 = Extract<RopeScaling, { readonly type: 'llama3' }>;

// Transformers rounds to float32 after every operation. At position 8,000 a difference shows in the fourth decimal.
const { fround } = Math;

/** As `ROPE_INIT_FUNCTIONS` in modeling_rope_utils.py of Hugging Face transformers 5. */
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
    case 'longrope':
      return {
        frequencies: powers.map(
          (power, i) => 1 / fround(fround(ropeScaling.factors[i] ?? 1) * power),
        ),
        attentionFactor: ropeScaling.attentionFactor,
      };
  }
}

/** Llama 3: short wavelengths stay, long ones are scaled by the factor, those between are interpolated. */
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
 * YaRN (Peng et al. 2023): dimensions with many rotations in the original context stay, those with few are scaled, and
 * those between are interpolated linearly.
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
  // Avoids a division by zero.
  const width = high === low ? 0.001 : high - low;
  return powers.map((power, i) => {
    const ramp = fround(fround(i - fround(low)) / fround(width));
    const kept = fround(1 - Math.min(Math.max(ramp, 0), 1));
    const stretched = fround(1 / fround(factor * power));
    return fround(fround(stretched * fround(1 - kept)) + fround(fround(1 / power) * kept));
  });
}
