import { tinyConfig } from '../../../../test/tiny-model/tiny-checkpoint.js';
import type { CheckpointQuantization, IntegerQuantization } from './architecture.js';
import { parseArchitecture } from './parse-config.js';
import { canonicalName, createKnownTensors } from './tensor-names.js';

const INVALID = expect.objectContaining({ code: 'MODEL_INVALID' }) as Error;
const WEIGHT = 'language_model.layers.0.mlp.up_proj.weight';

describe('canonicalName', () => {
  it.each([
    'language_model.model.layers.0.mlp.up_proj.weight',
    'model.language_model.layers.0.mlp.up_proj.weight',
    'model.layers.0.mlp.up_proj.weight',
  ])('spells %s in one way', (name) => {
    expect(canonicalName(name)).toBe(WEIGHT);
  });

  it.each([
    ['vision_tower.vision_model.encoder.x', 'vision_tower.encoder.x'],
    ['model.vision_tower.encoder.x', 'vision_tower.encoder.x'],
    ['language_model.lm_head.weight', 'lm_head.weight'],
    ['model.embed_tokens.weight', 'language_model.embed_tokens.weight'],
    ['model.norm.weight', 'language_model.norm.weight'],
    ['model.image_newline', 'image_newline'],
  ])('spells %s as %s', (name, expected) => {
    expect(canonicalName(name)).toBe(expected);
  });
});

describe('createKnownTensors', () => {
  const PREFIX = 'model.layers.0.mlp.up_proj';
  const NONE: CheckpointQuantization = { kind: 'none' };
  const FP8: CheckpointQuantization = { kind: 'fp8', block: null };
  const integers = (
    layout: IntegerQuantization['layout'],
    change: Partial<IntegerQuantization> = {},
  ): IntegerQuantization => ({
    ...{ kind: 'integers', layout, bits: 4, groupSize: 128 },
    ...{ zeroPoints: 'middle', groups: 'contiguous', ...change },
  });
  const known = (quantization: CheckpointQuantization = NONE) =>
    createKnownTensors(new Set([WEIGHT]), {
      ...parseArchitecture({ ...tinyConfig(), vision_feature_layer: 1 }, {}, []),
      quantization,
    });
  const check = (quantization: CheckpointQuantization, names: readonly string[]) => () => {
    known(quantization).check(names.map((name) => ({ name, file: 'shard' })));
  };
  const named = (...parts: string[]) => parts.map((part) => `${PREFIX}.${part}`);
  const gptq = named('qweight', 'qzeros', 'scales');
  const packed = named('weight_packed', 'weight_scale');

  it('accepts known unused tensors', () => {
    const idle = [
      'vision_tower.vision_model.post_layernorm.bias',
      'vision_tower.encoder.layers.1.mlp.fc1.weight',
      'model.layers.0.self_attn.rotary_emb.inv_freq',
      ...named('input_scale', 'activation_scale', 'input_zero_point'),
    ];

    expect(check(NONE, [`${PREFIX}.weight`, ...idle])).not.toThrow();
    expect(known().find(canonicalName(idle[0]!), null)).toBeNull();
  });

  it('maps the tensors of a weight to it', () => {
    const find = (quantization: CheckpointQuantization, part: string) =>
      known(quantization).find(canonicalName(`${PREFIX}.${part}`), null);

    expect(find(integers('gptq'), 'qweight')).toEqual({ weight: WEIGHT, role: 'qweight' });
    expect(find(FP8, 'weight_scale')).toEqual({ weight: WEIGHT, role: 'weight_scale' });
    expect(find(integers('packed'), 'weight_packed')).toEqual({
      weight: WEIGHT,
      role: 'weight_packed',
    });
  });

  it.each<[string, CheckpointQuantization, string[]]>([
    ['a plain weight', integers('gptq'), named('weight')],
    ['a GPTQ weight', integers('gptq'), gptq],
    [
      'a GPTQ weight with g_idx and bias',
      integers('gptq-v2'),
      [...gptq, ...named('g_idx', 'bias')],
    ],
    [
      'a GPTQ weight with act-order',
      integers('gptq', { groups: 'listed' }),
      [...gptq, ...named('g_idx')],
    ],
    ['an AWQ weight', integers('awq'), gptq],
    ['a packed weight', integers('packed'), [...packed, ...named('weight_shape')]],
    [
      'an asymmetric packed weight',
      integers('packed', { zeroPoints: 'stored' }),
      [...packed, ...named('weight_zero_point')],
    ],
    ['an int8 weight', integers('bytes'), named('weight', 'weight_scale')],
    ['an fp8 weight', FP8, named('weight', 'weight_scale')],
    ['an fp8 weight of transformers', FP8, named('weight', 'weight_scale_inv')],
  ])('accepts %s', (_, quantization, names) => {
    expect(check(quantization, names)).not.toThrow();
  });

  it.each<[string, CheckpointQuantization, string[], string]>([
    ['no weight', NONE, [], `the tensor \`${WEIGHT}\` is missing`],
    ['a weight twice', NONE, [`${PREFIX}.weight`, WEIGHT], `\`${WEIGHT}\` exists twice`],
    [
      'an unknown weight',
      NONE,
      [`${PREFIX}.weight`, 'model.layers.0.x'],
      'shard: unknown tensor `language_model.layers.0.x`. LlavaOnevisionForConditionalGeneration,',
    ],
    ['a bias', NONE, named('weight', 'bias'), 'has no such weight'],
    ['a layer too many', NONE, [WEIGHT, 'model.layers.1.x.weight'], 'has no such weight'],
    [
      'an adapter',
      NONE,
      named('weight', 'lora_A.weight'),
      'Convert the base model with `--adapter',
    ],
    ['packed tensors', NONE, gptq, 'quantization_config in config.json is missing'],
    ['experts', NONE, ['model.layers.0.mlp.experts.0.up_proj.weight'], 'Mixtures of experts'],
    ['a GPTQ weight without scales', integers('gptq'), gptq.slice(0, 2), 'up_proj.scales` is miss'],
    [
      'a GPTQ weight without its order',
      integers('gptq', { groups: 'listed' }),
      gptq,
      'up_proj.g_idx` is missing',
    ],
    [
      'an asymmetric weight without zero points',
      integers('packed', { zeroPoints: 'stored' }),
      packed,
      'up_proj.weight_zero_point` is missing',
    ],
    [
      'a weight both ways',
      integers('gptq'),
      [...gptq, `${PREFIX}.weight`],
      `\`${WEIGHT}\` exists both as floats and as qweight`,
    ],
  ])('rejects %s', (_, quantization, names, message) => {
    expect(check(quantization, names)).toThrow(INVALID);
    expect(check(quantization, names)).toThrow(message);
  });
});
