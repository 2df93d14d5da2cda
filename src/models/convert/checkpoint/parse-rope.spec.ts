import { parseRope } from './parse-rope.js';

const parse = (json: Record<string, unknown>, maxPositions: number, headDim = 8) =>
  parseRope(json, { label: (field) => field, headDim, maxPositions });

describe('parseRope', () => {
  it('has no scaling by default', () => {
    expect(parse({ rope_scaling: null }, 64)).toEqual({
      ropeTheta: 10000,
      ropeScaling: null,
      limits: [],
    });
  });

  it('parses the Llama 3 frequencies', () => {
    const scaling = { rope_type: 'llama3', factor: 8, low_freq_factor: 1, high_freq_factor: 4 };
    const json = { rope_theta: 500000, rope_scaling: scaling };

    expect(parse(json, 8192)).toMatchObject({
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

    expect(parse({ rope_parameters: { ...parameters, factor: null } }, 4096)).toMatchObject({
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
    const { ropeScaling } = parse({ rope_parameters: parameters }, 64);

    expect(ropeScaling).toMatchObject({
      attentionFactor: (0.1 * Math.log(40) + 1) / (0.05 * Math.log(40) + 1),
    });
  });

  it('prefers the fields of transformers 4 if both exist, as transformers 5 does', () => {
    const rope_parameters = { rope_type: 'linear', factor: 2, rope_theta: 5 };
    const rope_scaling = { type: 'linear', factor: 4 };

    expect(parse({ rope_parameters, rope_scaling, rope_theta: 7 }, 64)).toMatchObject({
      ropeTheta: 7,
      ropeScaling: { type: 'linear', factor: 4 },
    });
    expect(parse({ rope_parameters, rope_scaling: {} }, 64)).toMatchObject({
      ropeTheta: 5,
      ropeScaling: { type: 'linear', factor: 2 },
    });
  });

  it('has no scaling within the trained context for dynamic frequencies', () => {
    const rope_scaling = { type: 'dynamic', factor: 2 };

    expect(parse({ rope_scaling }, 64)).toEqual({
      ropeTheta: 10000,
      ropeScaling: null,
      limits: [
        {
          field: 'rope_scaling.rope_type',
          value: 'dynamic',
          positions: 64,
          reason: 'in longer contexts the frequencies depend on the length',
        },
      ],
    });
  });

  it('takes the short factors of LongRoPE within the trained context', () => {
    const factors = { short_factor: [1, 1.5, 2, 4], long_factor: [1, 2, 3, 4] };
    const rope_scaling = { type: 'longrope', ...factors };
    const json = { rope_scaling, original_max_position_embeddings: 256 };

    const { ropeScaling, limits } = parse(json, 4096);
    expect(ropeScaling).toEqual({
      type: 'longrope',
      factors: [1, 1.5, 2, 4],
      attentionFactor: Math.sqrt(1 + Math.log(16) / Math.log(256)),
    });
    expect(limits).toMatchObject([{ value: 'longrope', positions: 256 }]);
    expect(parse({ ...json, rope_scaling: { ...rope_scaling, factor: 1 } }, 256)).toMatchObject({
      ropeScaling: { attentionFactor: 1 },
      limits: [],
    });
    expect(() => parse(json, 4096, 16)).toThrow('must have head_dim / 2 = 8 values, found 4');
  });

  it.each([
    ['dynamic without a factor', { rope_type: 'dynamic' }],
    ['longrope without factors', { type: 'longrope', factor: 2 }],
    ['an unknown kind', { rope_type: 'mrope' }],
    ['linear without a factor', { rope_type: 'linear' }],
    ['llama3 without its frequencies', { rope_type: 'llama3', factor: 8 }],
    ['heads that turn in part', { partial_rotary_factor: 0.5 }],
    ['one RoPE per layer type', { sliding_attention: { rope_type: 'default' } }],
  ])('rejects %s', (_, rope_parameters) => {
    expect(() => parse({ rope_parameters }, 64)).toThrow(
      expect.objectContaining({ code: 'MODEL_INVALID' }) as Error,
    );
  });
});
