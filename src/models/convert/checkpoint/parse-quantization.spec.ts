import { parseQuantization } from './parse-quantization.js';

type Json = Record<string, unknown>;

const GPTQ = { quant_method: 'gptq', bits: 4, group_size: 128, sym: true, desc_act: false };

function compressed(weights: Json): Json {
  return {
    quant_method: 'compressed-tensors',
    format: 'float-quantized',
    config_groups: {
      group_0: { weights: { num_bits: 8, type: 'float', strategy: 'channel', ...weights } },
    },
  };
}

function parse(quantization_config: Json | null) {
  return parseQuantization({ quantization_config }, {});
}

describe('parseQuantization', () => {
  it('parses GPTQ v1, which stores zero points minus one', () => {
    expect(parse(GPTQ)).toEqual({ kind: 'gptq', groupSize: 128, zeroPoints: 'less-one' });
    expect(parse({ ...GPTQ, checkpoint_format: 'gptq_v2' })).toMatchObject({ zeroPoints: 'exact' });
  });

  it.each([
    ['compressed-tensors', compressed({})],
    ['a scale a tensor', compressed({ strategy: 'tensor' })],
    ['FBGEMM', { quant_method: 'fbgemm_fp8' }],
    ['plain fp8', { quant_method: 'fp8', activation_scheme: 'static' }],
  ])('reads eight-bit floats of %s', (_, json) => {
    expect(parse(json)).toEqual({ kind: 'fp8' });
  });

  it('finds it in text_config', () => {
    expect(parseQuantization({}, { quantization_config: GPTQ }).kind).toBe('gptq');
    expect(parse(null)).toEqual({ kind: 'none' });
  });

  it.each([
    ['another method', { quant_method: 'awq' }],
    ['three bits', { ...GPTQ, bits: 3 }],
    ['one scale a row', { ...GPTQ, group_size: -1 }],
    ['shifted values', { ...GPTQ, sym: false }],
    ['columns in another order', { ...GPTQ, desc_act: true }],
    ['another layout', { ...GPTQ, checkpoint_format: 'marlin' }],
    ['blocks of eight-bit floats', { quant_method: 'fp8', weight_block_size: [128, 128] }],
    ['eight-bit integers', compressed({ type: 'int' })],
    ['four-bit floats', compressed({ num_bits: 4 })],
    ['groups of eight-bit floats', compressed({ strategy: 'group' })],
    ['another format', { ...compressed({}), format: 'pack-quantized' }],
  ])('rejects %s', (_, json) => {
    expect(() => parse(json)).toThrow(expect.objectContaining({ code: 'MODEL_INVALID' }) as Error);
  });
});
