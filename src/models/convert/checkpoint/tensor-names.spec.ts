import { tinyConfig } from '../../../../test/tiny-model/tiny-checkpoint.js';
import type { CheckpointQuantization } from './architecture.js';
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
  const GPTQ: CheckpointQuantization = { kind: 'gptq', groupSize: 128, zeroPoints: 'exact' };
  const PREFIX = 'model.layers.0.mlp.up_proj';
  const known = (quantization: CheckpointQuantization = { kind: 'none' }) =>
    createKnownTensors(new Set([WEIGHT]), {
      ...parseArchitecture({ ...tinyConfig(), vision_feature_layer: 1 }, {}, []),
      quantization,
    });
  const packed = ['qweight', 'qzeros', 'scales'].map((part) => `${PREFIX}.${part}`);

  it('accepts known unused tensors', () => {
    const idle = [
      'vision_tower.vision_model.post_layernorm.bias',
      'vision_tower.encoder.layers.1.mlp.fc1.weight',
      'model.layers.0.self_attn.rotary_emb.inv_freq',
      `${PREFIX}.input_scale`,
    ];

    expect(() => {
      known().check([`${PREFIX}.weight`, ...idle]);
    }).not.toThrow();
    expect(known().find(canonicalName(idle[0]!))).toBeNull();
  });

  it('maps the tensors of a weight to it', () => {
    expect(known(GPTQ).find(canonicalName(`${PREFIX}.qweight`))).toEqual({
      weight: WEIGHT,
      role: 'qweight',
    });
    expect(known({ kind: 'fp8' }).find(canonicalName(`${PREFIX}.weight_scale`))).toEqual({
      weight: WEIGHT,
      role: 'weight_scale',
    });
  });

  it.each<[string, CheckpointQuantization, string[]]>([
    ['a plain weight', GPTQ, [`${PREFIX}.weight`]],
    ['a packed GPTQ weight', GPTQ, packed],
    ['a packed weight with g_idx and bias', GPTQ, [...packed, `${PREFIX}.g_idx`, `${PREFIX}.bias`]],
    [
      'an FP8 weight with its scale',
      { kind: 'fp8' },
      [`${PREFIX}.weight`, `${PREFIX}.weight_scale`],
    ],
  ])('accepts %s', (_, quantization, names) => {
    expect(() => {
      known(quantization).check(names);
    }).not.toThrow();
  });

  it.each<[string, CheckpointQuantization, string[]]>([
    ['no weight', { kind: 'none' }, []],
    ['a weight twice', { kind: 'none' }, [`${PREFIX}.weight`, WEIGHT]],
    ['an unknown weight', { kind: 'none' }, [`${PREFIX}.weight`, 'model.layers.0.x']],
    ['a bias', { kind: 'none' }, [`${PREFIX}.weight`, `${PREFIX}.bias`]],
    ['a layer of the decoder too many', { kind: 'none' }, [WEIGHT, 'model.layers.1.x.weight']],
    ['packed tensors in an unquantized model', { kind: 'none' }, packed],
    ['a packed weight with a missing tensor', GPTQ, packed.slice(1)],
    ['a weight both ways', GPTQ, [...packed, `${PREFIX}.weight`]],
  ])('rejects %s', (_, quantization, names) => {
    expect(() => {
      known(quantization).check(names);
    }).toThrow(INVALID);
  });
});
