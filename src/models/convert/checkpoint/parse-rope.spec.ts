import { parseRope } from './parse-rope.js';

describe('parseRope', () => {
  it('has no scaling by default', () => {
    expect(parseRope({ rope_scaling: null }, 64)).toEqual({ ropeTheta: 10000, ropeScaling: null });
  });

  it('parses the Llama 3 frequencies', () => {
    const scaling = { rope_type: 'llama3', factor: 8, low_freq_factor: 1, high_freq_factor: 4 };
    const json = { rope_theta: 500000, rope_scaling: scaling };

    expect(parseRope(json, 8192)).toEqual({
      ropeTheta: 500000,
      ropeScaling: {
        type: 'llama3',
        factor: 8,
        lowFreqFactor: 1,
        highFreqFactor: 4,
        originalMaxPositions: 8192,
      },
    });
  });

  it('uses the defaults of YaRN', () => {
    const parameters = { rope_type: 'yarn', original_max_position_embeddings: 1024 };

    expect(parseRope({ rope_parameters: { ...parameters, factor: null } }, 4096)).toEqual({
      ropeTheta: 10000,
      ropeScaling: {
        type: 'yarn',
        factor: 4,
        originalMaxPositions: 1024,
        attentionFactor: 0.1 * Math.log(4) + 1,
        betaFast: 32,
        betaSlow: 1,
        truncate: true,
      },
    });
  });

  it('applies the mscale fields of DeepSeek', () => {
    const parameters = { rope_type: 'yarn', factor: 40, mscale: 1, mscale_all_dim: 0.5 };
    const { ropeScaling } = parseRope({ rope_parameters: parameters }, 64);

    expect(ropeScaling).toMatchObject({
      attentionFactor: (0.1 * Math.log(40) + 1) / (0.05 * Math.log(40) + 1),
    });
  });

  it.each([
    ['dynamic', { rope_type: 'dynamic', factor: 2 }],
    ['longrope', { type: 'longrope', factor: 2 }],
    ['an unknown kind', { rope_type: 'mrope' }],
    ['linear without a factor', { rope_type: 'linear' }],
    ['llama3 without its frequencies', { rope_type: 'llama3', factor: 8 }],
    ['heads that turn in part', { partial_rotary_factor: 0.5 }],
  ])('rejects %s', (_, rope_parameters) => {
    expect(() => parseRope({ rope_parameters }, 64)).toThrow(
      expect.objectContaining({ code: 'MODEL_INVALID' }) as Error,
    );
  });
});
