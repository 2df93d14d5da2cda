import { parseQuantization } from './parse-quantization.js';

type Json = Record<string, unknown>;

const GPTQ = { quant_method: 'gptq', bits: 4, group_size: 128, sym: true, desc_act: false };
const AWQ = { quant_method: 'awq', bits: 4, group_size: 64, version: 'gemm', zero_point: true };

function compressed(format: string, weights: Json, change: Json = {}): Json {
  const group = { targets: ['Linear'], weights: { symmetric: true, ...weights } };
  return {
    ...{ quant_method: 'compressed-tensors', format, config_groups: { group_0: group } },
    ...change,
  };
}

function packed(weights: Json = {}, change: Json = {}): Json {
  const group = { num_bits: 4, type: 'int', strategy: 'group', group_size: 32 };
  return compressed('pack-quantized', { ...group, ...weights }, change);
}

function float8(weights: Json = {}): Json {
  const channel = { num_bits: 8, type: 'float', strategy: 'channel' };
  return compressed('float-quantized', { ...channel, ...weights });
}

function parse(quantization_config: Json | null) {
  return parseQuantization({ quantization_config }, {});
}

const INTEGERS = {
  ...{ kind: 'integers', layout: 'gptq', bits: 4, groupSize: 128 },
  ...{ zeroPoints: 'middle', groups: 'contiguous' },
};

describe('parseQuantization', () => {
  it.each<[string, Json, object]>([
    ['GPTQ', GPTQ, {}],
    ['GPTQ v2', { ...GPTQ, checkpoint_format: 'gptq_v2' }, { layout: 'gptq-v2' }],
    ['GPTQ in 8 bits', { ...GPTQ, bits: 8 }, { bits: 8 }],
    ['GPTQ with a scale per row', { ...GPTQ, group_size: -1 }, { groupSize: null }],
    ['asymmetric GPTQ', { ...GPTQ, sym: false }, { zeroPoints: 'stored' }],
    ['GPTQ with act-order', { ...GPTQ, desc_act: true }, { groups: 'listed' }],
    ['GPTQ with excluded modules', { ...GPTQ, dynamic: { '-:.*lm_head': {} } }, {}],
    ['AWQ', AWQ, { layout: 'awq', groupSize: 64, zeroPoints: 'stored' }],
    [
      'AWQ without zero_point',
      { ...AWQ, zero_point: false },
      { layout: 'awq', groupSize: 64, zeroPoints: 'stored' },
    ],
    ['W4A16', packed(), { layout: 'packed', groupSize: 32 }],
    [
      'asymmetric W4A16',
      packed({ symmetric: false }),
      { layout: 'packed', groupSize: 32, zeroPoints: 'stored' },
    ],
    [
      'W4A16 with a scale per row',
      packed({ strategy: 'channel', group_size: null }),
      { layout: 'packed', groupSize: null },
    ],
    [
      'W4A16 with actorder',
      packed({ actorder: 'group' }),
      { layout: 'packed', groupSize: 32, groups: 'listed' },
    ],
    [
      'W4A16 with static actorder',
      packed({ actorder: 'static' }),
      { layout: 'packed', groupSize: 32 },
    ],
    ['W8A16', packed({ num_bits: 8 }), { layout: 'packed', bits: 8, groupSize: 32 }],
    [
      'W8A8',
      compressed('int-quantized', { num_bits: 8, type: 'int', strategy: 'channel' }),
      { layout: 'bytes', bits: 8, groupSize: null },
    ],
  ])('parses %s', (_, json, expected) => {
    expect(parse(json)).toEqual({ ...INTEGERS, ...expected });
  });

  it.each<[string, Json, readonly number[] | null]>([
    ['compressed-tensors', float8(), null],
    ['a scale per tensor', float8({ strategy: 'tensor' }), null],
    [
      'blocks of compressed-tensors',
      float8({ strategy: 'block', block_structure: [64, 128] }),
      [64, 128],
    ],
    ['FBGEMM', { quant_method: 'fbgemm_fp8' }, null],
    ['static fp8', { quant_method: 'fp8', activation_scheme: 'static' }, null],
    ['blocks of fp8', { quant_method: 'fp8', weight_block_size: [128, 128] }, [128, 128]],
  ])('parses 8-bit floats of %s', (_, json, block) => {
    expect(parse(json)).toEqual({ kind: 'fp8', block });
  });

  it('finds it in text_config, and under its old name', () => {
    expect(parseQuantization({}, { quantization_config: GPTQ })).toEqual(INTEGERS);
    expect(parseQuantization({ compression_config: packed() }, {}).kind).toBe('integers');
    expect(parse(null)).toEqual({ kind: 'none' });
  });

  it('names the method found, the known ones and the remedy', () => {
    expect(() => parse({ quant_method: 'bitsandbytes', load_in_4bit: true })).toThrow(
      'quantization_config.quant_method must be awq or compressed-tensors or fbgemm_fp8 or fp8 or gptq, found "bitsandbytes". Use the unquantized checkpoint: the conversion quantizes it itself, for example with --precision int4.',
    );
  });

  it.each<[string, Json, string]>([
    ...['bitsandbytes', 'hqq', 'exl2', 'torchao', 'quanto', 'mxfp4', 'aqlm', 'auto-round'].map(
      (method): [string, Json, string] => [method, { quant_method: method }, `found "${method}"`],
    ),
    ['three bits', { ...GPTQ, bits: 3 }, 'quantization_config.bits must be 4 or 8, found 3'],
    ['no bits', { ...GPTQ, bits: undefined }, 'found no value'],
    ['groups of nothing', { ...GPTQ, group_size: 0 }, 'group_size must be between 1 and'],
    ['another layout', { ...GPTQ, checkpoint_format: 'marlin' }, 'found "marlin"'],
    ['Marlin weights', { ...GPTQ, is_marlin_format: true }, 'is_marlin_format must be false'],
    ['other words', { ...GPTQ, pack_dtype: 'int64' }, 'pack_dtype must be int32'],
    [
      'settings of single modules',
      { ...GPTQ, dynamic: { '+:.*': { bits: 8 } } },
      'dynamic must not',
    ],
    ['the layout GEMV', { ...AWQ, version: 'gemv' }, 'version must be gemm or GEMM, found "gemv"'],
    ['llm-awq', { ...AWQ, backend: 'llm-awq' }, 'backend must be autoawq, found "llm-awq"'],
    ['AWQ in 8 bits', { ...AWQ, bits: 8 }, 'bits must be 4, found 8'],
    ['4-bit floats', packed({ type: 'float' }), 'weights.type must be int, found "float"'],
    [
      'another format',
      packed({}, { format: 'nvfp4-pack-quantized' }),
      'found "nvfp4-pack-quantized"',
    ],
    ['6 bits', packed({ num_bits: 6 }), 'num_bits must be 4 or 8, found 6'],
    [
      'groups of tokens',
      packed({ strategy: 'token' }),
      'strategy must be tensor or channel or group',
    ],
    [
      'sparse weights',
      packed({}, { sparsity_config: { format: 'sparse-24-bitmask' } }),
      'sparsity_config.format must be dense',
    ],
    [
      'rotated weights',
      packed({}, { transform_config: { config_groups: { a: {} } } }),
      'transform_config.config_groups must be empty',
    ],
    ['no groups', packed({}, { config_groups: {} }), 'config_groups must not be empty'],
    [
      'groups that differ',
      packed(
        {},
        {
          config_groups: { a: packedGroup(4), b: packedGroup(8) },
        },
      ),
      'must have the same weights settings in all groups',
    ],
    ['groups of 8-bit floats', float8({ strategy: 'group' }), 'found "group"'],
    ['asymmetric floats', float8({ symmetric: false }), 'symmetric must be true, found false'],
    [
      'a block of one number',
      { quant_method: 'fp8', weight_block_size: [128] },
      'must have two numbers',
    ],
  ])('rejects %s', (_, json, message) => {
    expect(() => parse(json)).toThrow(expect.objectContaining({ code: 'MODEL_INVALID' }) as Error);
    expect(() => parse(json)).toThrow(message);
  });
});

function packedGroup(bits: number): Json {
  return { weights: { num_bits: bits, type: 'int', strategy: 'channel' } };
}
