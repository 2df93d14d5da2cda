import type { RopeScaling } from '../../models/package/manifest.js';
import { computeRopeFrequencies } from './rope-frequencies.js';
import { createRopeTables } from './rope-table.js';

const LLAMA3: RopeScaling = {
  type: 'llama3',
  factor: 8,
  lowFreqFactor: 1,
  highFreqFactor: 4,
  originalMaxPositions: 8192,
};
const YARN: RopeScaling = {
  type: 'yarn',
  factor: 4,
  originalMaxPositions: 8192,
  attentionFactor: 0.1 * Math.log(4) + 1,
  betaFast: 32,
  betaSlow: 1,
  truncate: true,
};
const YARN_UNTRUNCATED: RopeScaling = {
  ...YARN,
  factor: 32,
  originalMaxPositions: 4096,
  attentionFactor: 1.25,
  truncate: false,
};
const LONGROPE: RopeScaling = {
  type: 'longrope',
  factors: Array.from({ length: 32 }, (_, pair) => 1 + pair / 8),
  attentionFactor: Math.sqrt(1 + Math.log(4) / Math.log(8192)),
};

// [pair, frequency] and [position, pair, cosine, sine] from transformers 5.23, LlamaRotaryEmbedding. The pairs are the
// first, the last, and those around the ends of the ramp between original and scaled frequencies.
const REFERENCES = [
  {
    name: 'llama3',
    config: { headDim: 128, ropeTheta: 500_000, ropeScaling: LLAMA3 },
    frequencies: [
      [0, 1.0],
      [20, 0.016560440883040428],
      [28, 0.0032114461064338684],
      [29, 0.0021665706299245358],
      [30, 0.0013718936825171113],
      [31, 0.0008567514596506953],
      [34, 0.0001785077911335975],
      [63, 3.068925877869333e-7],
    ],
    rows: [
      [100, 28, 0.9488747715950012, 0.31565284729003906],
      [8191, 29, 0.4507633149623871, -0.8926435112953186],
    ],
  },
  {
    name: 'yarn',
    config: { headDim: 128, ropeTheta: 1_000_000, ropeScaling: YARN },
    frequencies: [
      [0, 1.0],
      [20, 0.011570259928703308],
      [24, 0.0038867706898599863],
      [28, 0.0012205600505694747],
      [32, 0.0003382352879270911],
      [36, 0.00010542412201175466],
      [40, 4.4456985051510856e-5],
      [63, 3.102344408034696e-7],
    ],
    rows: [
      [100, 24, 1.0537004470825195, 0.431500107049942],
      [8191, 28, -0.956870973110199, -0.6171506643295288],
    ],
  },
  {
    name: 'yarn without truncation',
    config: { headDim: 64, ropeTheta: 150_000, ropeScaling: YARN_UNTRUNCATED },
    frequencies: [
      [0, 1.0],
      [8, 0.05081327259540558],
      [10, 0.019334999844431877],
      [12, 0.006794959306716919],
      [14, 0.002093792660161853],
      [16, 0.0004564839182421565],
      [20, 1.818833698052913e-5],
      [31, 3.023511396804679e-7],
    ],
    rows: [
      [100, 10, -0.4435040354728699, 1.1686762571334839],
      [8191, 12, 0.7856425046920776, -0.9722477793693542],
    ],
  },
  {
    name: 'longrope within the trained context',
    config: { headDim: 64, ropeTheta: 10_000, ropeScaling: LONGROPE },
    frequencies: [
      [0, 1.0],
      [1, 0.66657257],
      [8, 0.05000000074505806],
      [16, 0.0033333334],
      [31, 2.7354288249625824e-5],
    ],
    rows: [
      [100, 8, 0.3047020733356476, -1.0300499200820923],
      [100, 16, 1.0150465965270996, 0.3514634966850281],
      [8191, 8, 0.4456643760204315, 0.9773582816123962],
      [8191, 16, -0.6063421964645386, 0.8866764903068542],
    ],
  },
] as const;

describe('computeRopeFrequencies', () => {
  it.each(REFERENCES)(
    'computes the frequencies of $name like transformers',
    ({ config, frequencies: expected }) => {
      const { frequencies } = computeRopeFrequencies(config);

      expect(frequencies).toHaveLength(config.headDim / 2);
      for (const [pair, frequency] of expected) {
        // float32 rounding.
        expect(Math.abs(frequencies[pair]! / frequency - 1)).toBeLessThan(2 ** -22);
      }
    },
  );

  it.each(REFERENCES)(
    'computes the rotary table of $name like transformers',
    ({ config, rows }) => {
      const { cos, sin } = createRopeTables(config)(8192);
      const half = config.headDim / 2;

      for (const [position, pair, cosine, sine] of rows) {
        expect(cos.data[position * half + pair]).toBeCloseTo(cosine, 4);
        expect(sin.data[position * half + pair]).toBeCloseTo(sine, 4);
      }
    },
  );

  it('steps from original to scaled frequencies if both ends of the ramp are the same pair', () => {
    const { frequencies } = computeRopeFrequencies({
      headDim: 64,
      ropeTheta: 10_000,
      ropeScaling: { ...YARN, betaFast: 8, betaSlow: 8, truncate: false },
    });
    const plain = computeRopeFrequencies({ headDim: 64, ropeTheta: 10_000, ropeScaling: null });

    const ratios = [...frequencies].map((frequency, i) =>
      Math.round(plain.frequencies[i]! / frequency),
    );
    expect(new Set(ratios)).toEqual(new Set([1, 4]));
  });
});
