import { tinyConfig } from '../../../../test/tiny-model/tiny-checkpoint.js';
import { parseArchitecture } from './parse-config.js';

type Json = Record<string, unknown>;

/** The tiny model's configuration with fields replaced; undefined leaves one out. */
function configure(changes: { root?: Json; vision?: Json; text?: Json }): Json {
  const config = tinyConfig();
  return {
    ...config,
    ...changes.root,
    vision_config: { ...(config['vision_config'] as Json), ...changes.vision },
    text_config: { ...(config['text_config'] as Json), ...changes.text },
  };
}

describe('parseArchitecture', () => {
  it('reads every size from the configuration', () => {
    expect(parseArchitecture(configure({}), {})).toEqual({
      name: 'LlavaOnevisionForConditionalGeneration',
      vision: {
        hiddenSize: 8,
        intermediateSize: 12,
        attentionHeads: 2,
        layers: 2,
        imageSize: 7,
        patchSize: 3,
        patchesPerSide: 2,
        activation: 'gelu_pytorch_tanh',
        layerNormEpsilon: 1e-6,
        projector: { activation: 'gelu', bias: 'present' },
        tokens: { image: 6, video: 7 },
      },
      decoder: {
        hiddenSize: 8,
        intermediateSize: 12,
        layers: 2,
        attentionHeads: 4,
        keyValueHeads: 2,
        headDim: 8,
        vocabularySize: 16,
        maxPositions: 64,
        rmsNormEpsilon: 1e-6,
        ropeTheta: 10000,
        ropeScaling: null,
        outputHead: 'own',
      },
      quantization: { kind: 'none' },
      tokens: { bos: 1, eos: [2], pad: 3 },
      notes: [],
    });
  });

  it('uses class defaults for fields that a 7B checkpoint of transformers 4 omits', () => {
    const text = { model_type: 'llama', max_position_embeddings: 8192, rope_scaling: null };
    const config = { ...tinyConfig(), text_config: text };

    expect(parseArchitecture(config, { eos_token_id: 2 }).decoder).toMatchObject({
      hiddenSize: 4096,
      layers: 32,
      attentionHeads: 32,
      keyValueHeads: 32,
      headDim: 128,
      intermediateSize: 11008,
      ropeTheta: 10000,
      ropeScaling: null,
    });
  });

  it.each([
    [-1, 2],
    [-2, 1],
    [-3, 0],
    [0, 0],
    [1, 1],
    [2, 2],
  ])('takes the features at index %d after %d layers', (index, layers) => {
    const config = configure({ root: { vision_feature_layer: index } });

    expect(parseArchitecture(config, {}).vision?.layers).toBe(layers);
  });

  it.each([
    ['of transformers 5', { rope_parameters: { rope_type: 'linear', factor: 2, rope_theta: 5 } }],
    [
      'of transformers 4',
      { rope_parameters: undefined, rope_theta: 5, rope_scaling: { type: 'linear', factor: 2 } },
    ],
  ])('reads stretched positions %s', (_, text) => {
    expect(parseArchitecture(configure({ text }), {}).decoder).toMatchObject({
      ropeTheta: 5,
      ropeScaling: { type: 'linear', factor: 2 },
    });
  });

  it('parses a text model, with its fields at the root', () => {
    const text = tinyConfig()['text_config'] as Json;
    const config = { ...text, architectures: ['LlamaForCausalLM'], tie_word_embeddings: true };
    const { vision, ...rest } = parseArchitecture(config, {});

    expect(vision).toBeNull();
    expect(rest).toMatchObject({
      name: 'LlamaForCausalLM',
      decoder: { hiddenSize: 8, headDim: 8, outputHead: 'embeddings' },
      tokens: { bos: 1, eos: [2], pad: 3 },
    });
  });

  it('prefers the end tokens of the generation configuration, and falls back to the class', () => {
    expect(parseArchitecture(configure({}), { eos_token_id: [2, 5] }).tokens.eos).toEqual([2, 5]);
    expect(parseArchitecture(configure({}), { eos_token_id: 5 }).tokens.eos).toEqual([5]);

    const config = configure({ text: { eos_token_id: undefined } });
    const { tokens, notes } = parseArchitecture(config, {});
    expect(tokens.eos).toEqual([2]);
    expect(notes).toHaveLength(1);
  });

  it('parses missing tokens as null, and both names of the image token', () => {
    const config = configure({
      root: { image_token_index: undefined, image_token_id: 9 },
      text: { pad_token_id: -1, bos_token_id: null },
    });

    const { tokens, vision } = parseArchitecture(config, {});
    expect(tokens).toMatchObject({ bos: null, pad: null });
    expect(vision?.tokens).toEqual({ image: 9, video: 7 });
  });

  it('ties the output head if the configuration says so', () => {
    const config = configure({ root: { tie_word_embeddings: true } });

    expect(parseArchitecture(config, {}).decoder.outputHead).toBe('embeddings');
  });

  it.each<[string, Parameters<typeof configure>[0]]>([
    ['another class', { root: { architectures: ['LlavaForConditionalGeneration'] } }],
    ['two classes', { root: { architectures: ['LlavaOnevisionForConditionalGeneration', 'x'] } }],
    ['another model type', { root: { model_type: 'llava' } }],
    ['another choice of features', { root: { vision_feature_select_strategy: 'default' } }],
    ['several feature layers', { root: { vision_feature_layer: [-2, -1] } }],
    ['a feature layer that does not exist', { root: { vision_feature_layer: -4 } }],
    ['another projector activation', { root: { projector_hidden_act: 'relu' } }],
    ['no image token', { root: { image_token_index: undefined } }],
    ['another tower', { vision: { model_type: 'clip_vision_model' } }],
    ['another activation in the tower', { vision: { hidden_act: 'quick_gelu' } }],
    ['grayscale images', { vision: { num_channels: 1 } }],
    ['heads that do not divide the tower', { vision: { num_attention_heads: 3 } }],
    ['a patch larger than the image', { vision: { patch_size: 8 } }],
    ['another decoder', { text: { model_type: 'qwen2' } }],
    ['another activation in the decoder', { text: { hidden_act: 'gelu' } }],
    ['biases in attention', { text: { attention_bias: true } }],
    ['biases in the perceptron', { text: { mlp_bias: true } }],
    ['heads that do not divide', { text: { num_key_value_heads: 3 } }],
    ['a head that is no multiple of eight', { text: { head_dim: 12 } }],
    [
      'a head with a fraction',
      { text: { head_dim: undefined, num_attention_heads: 3, num_key_value_heads: 3 } },
    ],
    ['no layers', { text: { num_hidden_layers: 0 } }],
    ['sizes beyond reason', { text: { hidden_size: 2 ** 31 } }],
    ['a size as a text', { text: { hidden_size: '8' } }],
    ['other positions', { text: { rope_parameters: { rope_type: 'dynamic', factor: 4 } } }],
    [
      'stretched positions without a factor',
      { text: { rope_parameters: { rope_type: 'linear' } } },
    ],
  ])('rejects %s', (_, changes) => {
    expect(() => parseArchitecture(configure(changes), {})).toThrow(
      expect.objectContaining({ code: 'MODEL_INVALID' }) as Error,
    );
  });
});
