import { tinyConfig } from '../../../../test/tiny-model/tiny-checkpoint.js';
import { LLAVA_CLASSES } from './llava-classes.js';
import { parseArchitecture } from './parse-config.js';

type Json = Record<string, unknown>;

/** Without a tensor list, no tied output head is looked for. */
const parse = (config: Json, generation: Json = {}) => parseArchitecture(config, generation, []);

/** The tiny model's configuration with fields replaced; undefined leaves one out. */
function configure(changes: { root?: Json; vision?: Json; text?: Json }): Json {
  const config = tinyConfig();
  const changed = {
    ...config,
    ...changes.root,
    vision_config: { ...(config['vision_config'] as Json), ...changes.vision },
    text_config: { ...(config['text_config'] as Json), ...changes.text },
  };
  return JSON.parse(JSON.stringify(changed)) as Json;
}

describe('parseArchitecture', () => {
  it('reads every size from the configuration', () => {
    expect(parse(configure({}))).toEqual({
      name: 'LlavaOnevisionForConditionalGeneration',
      vision: {
        embeddings: { classToken: 'absent', patchBias: 'present', norm: 'absent' },
        hiddenSize: 8,
        intermediateSize: 12,
        attentionHeads: 2,
        layers: 2,
        featureLayers: [2],
        imageSize: 7,
        patchSize: 3,
        patchesPerSide: 2,
        sequenceLength: 4,
        featuresPerTile: 4,
        activation: 'gelu_pytorch_tanh',
        layerNormEpsilon: 1e-6,
        projector: { activation: 'gelu', bias: 'present' },
        llava: LLAVA_CLASSES.LlavaOnevisionForConditionalGeneration,
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
        activation: 'silu',
        biases: { queriesKeysValues: 'absent', attentionOutput: 'absent', mlp: 'absent' },
        queryKeyNorm: 'absent',
        norms: 'before',
        normFactor: 'weight',
        attentionScale: 8 ** -0.5,
        attentionSoftcap: null,
        logitSoftcap: null,
        tokenScale: 1,
        inputScale: 1,
        tables: { embeddings: 'language_model.embed_tokens.weight', head: 'lm_head.weight' },
      },
      quantization: { kind: 'none' },
      tokens: { bos: 1, eos: [2], pad: 3 },
      notes: [],
    });
  });

  it('uses class defaults for fields that a 7B checkpoint of transformers 4 omits', () => {
    const text = { model_type: 'llama', max_position_embeddings: 8192, rope_scaling: null };
    const config = { ...tinyConfig(), text_config: text };

    expect(parse(config, { eos_token_id: 2 }).decoder).toMatchObject({
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

    expect(parse(config).vision).toMatchObject({ layers, featureLayers: [layers] });
  });

  it('takes the features of several layers, up to the last of them', () => {
    const config = configure({ root: { vision_feature_layer: [-2, 2, 0] } });

    expect(parse(config).vision).toMatchObject({
      layers: 2,
      featureLayers: [1, 2, 0],
    });
  });

  it.each([
    ['LlavaForConditionalGeneration', 'llava', null],
    ['LlavaNextForConditionalGeneration', 'llava_next', null],
    ['LlavaOnevisionForConditionalGeneration', 'llava_onevision', 151647],
  ])('uses the defaults of the classes for fields that %s leaves out', (name, type, video) => {
    const { text_config } = tinyConfig();
    const config = { architectures: [name], model_type: type, text_config };
    const isOnevision = video !== null;

    expect(parse(config)).toMatchObject({
      name,
      vision: {
        hiddenSize: isOnevision ? 1152 : 1024,
        intermediateSize: isOnevision ? 4304 : 4096,
        attentionHeads: 16,
        imageSize: isOnevision ? 384 : 336,
        patchSize: 14,
        patchesPerSide: isOnevision ? 27 : 24,
        layers: isOnevision ? 26 : 23,
        sequenceLength: isOnevision ? 729 : 577,
        featuresPerTile: isOnevision ? 729 : 576,
        activation: isOnevision ? 'gelu_pytorch_tanh' : 'quick_gelu',
        layerNormEpsilon: isOnevision ? 1e-6 : 1e-5,
        projector: { activation: 'gelu', bias: 'present' },
        tokens: { image: isOnevision ? 151646 : 32000, video },
      },
    });
  });

  it.each([
    ['siglip_vision_model', { patchesPerSide: 14, sequenceLength: 196, layerNormEpsilon: 1e-6 }],
    ['clip_vision_model', { patchesPerSide: 7, sequenceLength: 50, layerNormEpsilon: 1e-5 }],
    [undefined, { patchesPerSide: 7, sequenceLength: 50, layerNormEpsilon: 1e-5 }],
  ])('uses the defaults of the vision encoder %s', (model_type, expected) => {
    const config = {
      ...tinyConfig(),
      architectures: ['LlavaForConditionalGeneration'],
      model_type: 'llava',
      vision_config: { model_type, num_attention_heads: null },
    };

    expect(parse(config).vision).toMatchObject({
      ...{ hiddenSize: 768, intermediateSize: 3072, attentionHeads: 12, imageSize: 224 },
      ...expected,
    });
  });

  it.each([
    ['clip_vision_model', 'full', 'LlavaForConditionalGeneration', 5],
    ['clip_vision_model', 'default', 'LlavaForConditionalGeneration', 4],
    ['siglip_vision_model', 'full', 'LlavaForConditionalGeneration', 4],
    // transformers drops the first patch of a vision encoder without a class token.
    ['siglip_vision_model', 'default', 'LlavaForConditionalGeneration', 3],
    ['clip_vision_model', 'default', 'LlavaNextForConditionalGeneration', 4],
    ['siglip_vision_model', 'full', 'LlavaNextForConditionalGeneration', 4],
    ['clip_vision_model', 'full', 'LlavaNextForConditionalGeneration', null],
    ['siglip_vision_model', 'default', 'LlavaOnevisionForConditionalGeneration', null],
  ] as const)('selects the features of %s, "%s", in %s', (model_type, strategy, name, features) => {
    const config = configure({
      root: {
        architectures: [name],
        model_type: LLAVA_CLASSES[name].modelType,
        vision_feature_select_strategy: strategy,
      },
      vision: { model_type },
    });

    if (features === null) {
      expect(() => parse(config)).toThrow('needs one per patch');
    } else {
      expect(parse(config).vision?.featuresPerTile).toBe(features);
    }
  });

  it.each([
    ['gelu_new', 'gelu_pytorch_tanh'],
    ['swish', 'silu'],
    ['relu', 'relu'],
    ['quick_gelu', 'quick_gelu'],
  ])('knows the activation %s', (name, activation) => {
    const config = configure({
      root: { projector_hidden_act: name },
      vision: { hidden_act: name },
    });

    expect(parse(config).vision).toMatchObject({
      activation,
      projector: { activation },
    });
  });

  it.each([
    [
      'an architecture',
      { root: { architectures: ['LlavaNextVideoForConditionalGeneration'] } },
      /"LlavaNextVideoForConditionalGeneration" is not supported\. Supported: LlavaForConditionalGeneration, .*\. Choose/,
    ],
    [
      'a vision encoder of a variable resolution',
      { vision: { model_type: 'siglip2_vision_model' } },
      /vision_config\.model_type "siglip2_vision_model" is not supported\. Supported: siglip_vision_model, clip_vision_model\./,
    ],
    [
      'an activation function',
      { root: { projector_hidden_act: 'mish' } },
      /projector_hidden_act "mish" is not supported\. Supported: gelu, /,
    ],
  ])('names the value found, the supported ones and the remedy for %s', (_, changes, message) => {
    expect(() => parse(configure(changes))).toThrow(message);
  });

  it.each([
    ['of transformers 5', { rope_parameters: { rope_type: 'linear', factor: 2, rope_theta: 5 } }],
    [
      'of transformers 4',
      { rope_parameters: undefined, rope_theta: 5, rope_scaling: { type: 'linear', factor: 2 } },
    ],
  ])('reads stretched positions %s', (_, text) => {
    expect(parse(configure({ text })).decoder).toMatchObject({
      ropeTheta: 5,
      ropeScaling: { type: 'linear', factor: 2 },
    });
  });

  it('parses a text model, with its fields at the root', () => {
    const text = tinyConfig()['text_config'] as Json;
    const config = { ...text, architectures: ['LlamaForCausalLM'], tie_word_embeddings: true };
    const { vision, ...rest } = parse(config);

    expect(vision).toBeNull();
    expect(rest).toMatchObject({
      name: 'LlamaForCausalLM',
      decoder: { hiddenSize: 8, headDim: 8 },
      tokens: { bos: 1, eos: [2], pad: 3 },
    });
  });

  it('prefers the end tokens of the generation configuration, and falls back to the class', () => {
    expect(parse(configure({}), { eos_token_id: [2, 5] }).tokens.eos).toEqual([2, 5]);
    expect(parse(configure({}), { eos_token_id: 5 }).tokens.eos).toEqual([5]);

    const config = configure({ text: { eos_token_id: undefined } });
    const { tokens, notes } = parse(config, {});
    expect(tokens.eos).toEqual([2]);
    expect(notes).toHaveLength(1);
  });

  it('parses missing tokens as null, and both names of the image token', () => {
    const config = configure({
      root: { image_token_index: undefined, image_token_id: 9 },
      text: { pad_token_id: -1, bos_token_id: null },
    });

    const { tokens, vision } = parse(config);
    expect(tokens).toMatchObject({ bos: null, pad: null });
    expect(vision?.tokens).toEqual({ image: 9, video: 7 });
  });

  it.each([
    ['LlamaForCausalLM', 'llama', { bos: 1, eos: [2], pad: null }],
    ['MistralForCausalLM', 'mistral', { bos: 1, eos: [2], pad: null }],
    ['Gemma2ForCausalLM', 'gemma2', { bos: 2, eos: [1], pad: 0 }],
  ])('uses the class defaults for tokens that a %s leaves out', (name, type, expected) => {
    const config = { architectures: [name], model_type: type };

    expect(parse(config).tokens).toEqual(expected);
  });

  it('takes an explicit null as a missing token', () => {
    const text = { model_type: 'mistral', bos_token_id: null, eos_token_id: null };
    const config = { ...text, architectures: ['MistralForCausalLM'] };

    expect(parse(config, { eos_token_id: 7 }).tokens).toMatchObject({ bos: null, eos: [7] });
    // Answers then end at max_tokens only, and a note says so.
    expect(parse(config).tokens.eos).toEqual([]);
    expect(parse(config).notes.at(-1)).toContain('eos_token_id is missing');
  });

  it.each<[string, Parameters<typeof configure>[0]]>([
    ['another class', { root: { architectures: ['MllamaForConditionalGeneration'] } }],
    ['no class', { root: { architectures: undefined } }],
    ['two classes', { root: { architectures: ['LlavaOnevisionForConditionalGeneration', 'x'] } }],
    ['another model type', { root: { model_type: 'llava' } }],
    ['another choice of features', { root: { vision_feature_select_strategy: 'first' } }],
    ['no feature layer', { root: { vision_feature_layer: [] } }],
    ['a feature layer that does not exist', { root: { vision_feature_layer: -4 } }],
    ['a bias that is neither there nor not', { root: { multimodal_projector_bias: 1 } }],
    ['two image tokens', { root: { image_token_id: 8 } }],
    ['another tower', { vision: { model_type: 'pixtral' } }],
    ['another activation in the tower', { vision: { hidden_act: 'tanh' } }],
    ['features after the final norm', { vision: { tie_last_hidden_states: true } }],
    ['grayscale images', { vision: { num_channels: 1 } }],
    ['heads that do not divide the tower', { vision: { num_attention_heads: 3 } }],
    ['a patch larger than the image', { vision: { patch_size: 8 } }],
    ['an end of text that is no number', { text: { eos_token_id: 'x' } }],
  ])('rejects %s', (_, changes) => {
    expect(() => parse(configure(changes))).toThrow(
      expect.objectContaining({ code: 'MODEL_INVALID' }) as Error,
    );
  });
});
