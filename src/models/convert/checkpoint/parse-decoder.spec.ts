import { DECODER_FAMILIES } from './decoder-families.js';
import { parseDecoder } from './parse-decoder.js';

type Json = Record<string, unknown>;

const EMBEDDINGS = 'model.embed_tokens.weight';
const HEAD = 'lm_head.weight';
const tables = (embeddings: string, head: string) => ({ embeddings, head });
const CANONICAL = 'language_model.embed_tokens.weight';

/** A text model. */
function parse(json: Json, tensorNames: readonly string[] = []) {
  return parseDecoder({ json, config: json, modelType: undefined, tensorNames });
}

/** A vision-language model. */
function parseNested(text: Json, root: Json, tensorNames: readonly string[] = []) {
  const config = { ...root, text_config: text };
  return parseDecoder({ json: text, config, modelType: 'qwen2', tensorNames });
}

describe('parseDecoder', () => {
  // From transformers 5.24: the configuration classes without arguments.
  it.each([
    ['llama', 2048, 4096, 32, 32, 128, 11_008, 32_000],
    ['mistral', 4096, 4096, 32, 8, 128, 14_336, 32_000],
    ['qwen2', 32_768, 4096, 32, 32, 128, 22_016, 151_936],
    ['qwen3', 32_768, 4096, 32, 32, 128, 22_016, 151_936],
    ['gemma2', 4096, 2304, 26, 4, 256, 9216, 256_000],
  ])('uses the class defaults of %s', (model_type, positions, hidden, layers, ...sizes) => {
    const [keyValueHeads, headDim, intermediateSize, vocabularySize] = sizes;

    expect(parse({ model_type }).decoder).toMatchObject({
      maxPositions: positions,
      hiddenSize: hidden,
      layers,
      ...{ keyValueHeads, headDim, intermediateSize, vocabularySize },
      rmsNormEpsilon: 1e-6,
      ropeTheta: 10_000,
      ropeScaling: null,
    });
  });

  it('describes Gemma 2', () => {
    expect(parse({ model_type: 'gemma2', query_pre_attn_scalar: 144 }).decoder).toMatchObject({
      activation: 'gelu_pytorch_tanh',
      norms: 'around',
      normFactor: 'weight-plus-one',
      attentionScale: 1 / 12,
      attentionSoftcap: 50,
      logitSoftcap: 30,
      tokenScale: 48,
      inputScale: 1,
      tables: tables(CANONICAL, CANONICAL),
    });
    const uncapped = { attn_logit_softcapping: null, final_logit_softcapping: null };
    expect(parse({ model_type: 'gemma2', ...uncapped }).decoder).toMatchObject({
      attentionSoftcap: null,
      logitSoftcap: null,
    });
  });

  it.each([
    ['llama', { attention_bias: true }, ['present', 'present', 'absent']],
    ['llama', { mlp_bias: true }, ['absent', 'absent', 'present']],
    ['qwen2', {}, ['present', 'absent', 'absent']],
    ['qwen3', { attention_bias: true }, ['present', 'present', 'absent']],
    ['gemma2', { attention_bias: true }, ['present', 'present', 'absent']],
    // Fields that the class does not have.
    ['mistral', { attention_bias: true, mlp_bias: true }, ['absent', 'absent', 'absent']],
    ['qwen2', { attention_bias: false, mlp_bias: true }, ['present', 'absent', 'absent']],
  ])('reads the biases of %s with %j', (model_type, fields, expected) => {
    const [queriesKeysValues, attentionOutput, mlp] = expected;

    expect(parse({ model_type, ...fields }).decoder.biases).toEqual({
      queriesKeysValues,
      attentionOutput,
      mlp,
    });
  });

  it('normalizes queries and keys in Qwen 3 alone', () => {
    const withNorms = Object.keys(DECODER_FAMILIES).filter(
      (model_type) => parse({ model_type }).decoder.queryKeyNorm === 'per-head',
    );
    expect(withNorms).toEqual(['qwen3']);
  });

  it('takes the decoder of the layout if text_config names none', () => {
    expect(parseNested({}, {}).decoder.vocabularySize).toBe(151_936);
  });

  // As `from_pretrained` of transformers 5.24: [tied at the root, in text_config, tensors, embeddings, head].
  it.each<[unknown, unknown, string[], string, string]>([
    [true, true, [EMBEDDINGS, HEAD], CANONICAL, HEAD],
    [true, false, [EMBEDDINGS, HEAD], CANONICAL, HEAD],
    [false, true, [EMBEDDINGS, HEAD], CANONICAL, HEAD],
    [false, false, [EMBEDDINGS, HEAD], CANONICAL, HEAD],
    [true, true, [EMBEDDINGS], CANONICAL, CANONICAL],
    [true, undefined, [EMBEDDINGS], CANONICAL, CANONICAL],
    [false, true, [EMBEDDINGS], CANONICAL, CANONICAL],
    [true, false, ['language_model.lm_head.weight'], HEAD, HEAD],
    // Random in transformers; the conversion fails, since the tensor is missing.
    [false, false, [EMBEDDINGS], CANONICAL, HEAD],
    [undefined, undefined, [EMBEDDINGS], CANONICAL, HEAD],
    [true, true, [EMBEDDINGS, 'lm_head.qweight', 'lm_head.scales'], CANONICAL, HEAD],
  ])('finds the output head: tied %s and %s, tensors %j', (root, text, names, ...expected) => {
    const flag = (value: unknown) => (value === undefined ? {} : { tie_word_embeddings: value });
    const { decoder } = parseNested({ model_type: 'llama', ...flag(text) }, flag(root), names);

    expect(decoder.tables).toEqual(tables(...expected));
  });

  it.each<[string, Json, number, string[]]>([
    ['llama', { sliding_window: 512 }, 2048, []],
    ['mistral', { max_position_embeddings: 4096 }, 4096, []],
    ['mistral', { sliding_window: null }, 131_072, []],
    [
      'mistral',
      { sliding_window: 512 },
      512,
      [
        'sliding_window is 512: the context window is 512 tokens instead of 131072; longer contexts would need a sliding window, which is not supported.',
      ],
    ],
    ['qwen2', { sliding_window: 512 }, 32_768, []],
    ['qwen2', { use_sliding_window: true, sliding_window: 512, max_window_layers: 32 }, 32_768, []],
    [
      'qwen3',
      { use_sliding_window: true, sliding_window: 512, max_window_layers: 31 },
      512,
      [expect.stringContaining('sliding_window is 512') as string],
    ],
    [
      'qwen2',
      { use_sliding_window: true, layer_types: ['full_attention', 'full_attention'] },
      32_768,
      [],
    ],
    ['gemma2', { layer_types: ['full_attention'] }, 8192, []],
    ['gemma2', { max_position_embeddings: 1024 }, 1024, []],
    ['gemma2', {}, 4096, [expect.stringContaining('4096 tokens instead of 8192') as string]],
  ])('limits the context of %s with %j to %i', (model_type, fields, positions, notes) => {
    const { decoder, notes: actual } = parse({ model_type, ...fields });

    expect(decoder.maxPositions).toBe(positions);
    expect(actual).toEqual(notes);
  });

  it('names the field that limits most', () => {
    const rope = { rope_type: 'longrope', short_factor: Array(64).fill(1), factor: 2 };
    const rope_parameters = { ...rope, original_max_position_embeddings: 1024 };
    const json = { model_type: 'mistral', sliding_window: 512, rope_parameters };

    expect(parse(json).notes).toEqual([expect.stringContaining('sliding_window is 512')]);
    expect(parse({ ...json, sliding_window: 2048 }).notes).toEqual([
      'rope_parameters.rope_type is longrope: the context window is 1024 tokens instead of 131072; longer contexts have other frequencies.',
    ]);
  });

  it.each([
    ['5.24.0', 4, 1],
    ['5.4.0.dev0', 4, 1],
    ['5.3.0', 1, 4],
    ['4.57.1', 1, 4],
    [undefined, 4, 1],
    ['4', 4, 1],
  ])('scales the inputs of Gemma as transformers %s does', (version, tokens, inputs) => {
    const text = { model_type: 'gemma2', hidden_size: 16 };
    const { decoder, notes } = parseNested(text, { transformers_version: version });

    expect([decoder.tokenScale, decoder.inputScale]).toEqual([tokens, inputs]);
    expect(notes.filter((note) => note.startsWith('transformers_version'))).toHaveLength(
      inputs === 1 ? 0 : 1,
    );
    expect(parse({ ...text, transformers_version: version }).decoder.inputScale).toBe(1);
  });

  it.each([
    ['5.24.0', null],
    ['4.52.0.dev0', null],
    ['4.51.3', 30],
    [undefined, null],
  ])(
    'caps the logits of Gemma in vision-language models as transformers %s does',
    (version, cap) => {
      const { decoder, notes } = parseNested(
        { model_type: 'gemma2' },
        { transformers_version: version },
      );

      expect([decoder.logitSoftcap, decoder.attentionSoftcap]).toEqual([cap, 50]);
      expect(notes.filter((note) => note.includes('final_logit_softcapping'))).toHaveLength(
        cap === null ? 1 : 0,
      );
      const text = { model_type: 'gemma2', transformers_version: version };
      expect(parse(text).decoder.logitSoftcap).toBe(30);
      expect(parse(text).notes.join()).not.toContain('final_logit_softcapping');
    },
  );

  it('names the supported decoders if the decoder is another one', () => {
    expect(() => parseNested({ model_type: 'gemma3_text' }, {})).toThrow(
      'text_config.model_type "gemma3_text" is not supported. Supported: llama, mistral, qwen2, qwen3, gemma2. Choose a checkpoint',
    );
    expect(() => parse({})).toThrow('model_type is missing. Supported: llama');
    expect(() => parse({ model_type: '\u001b[2J' })).toThrow('a string of 4 characters');
    expect(() => parse({ model_type: 'toString' })).toThrow('not supported');
  });

  it.each<[string, Json, string]>([
    ['activation', { hidden_act: 'relu' }, 'hidden_act must be silu or gelu or gelu_pytorch_tanh'],
    ['heads that do not divide', { num_key_value_heads: 3 }, 'found 32 and 3'],
    ['head size', { head_dim: 12 }, 'head_dim must be a multiple of 8, found 12'],
    ['fraction of a head', { num_attention_heads: 3, num_key_value_heads: 3 }, 'an integer'],
    ['no layers', { num_hidden_layers: 0 }, 'num_hidden_layers must be between 1'],
    ['sizes beyond reason', { hidden_size: 2 ** 31 }, 'hidden_size must be between'],
    ['a size as a text', { hidden_size: '8' }, 'hidden_size must be a number'],
    ['a null for a number', { rms_norm_eps: null }, 'rms_norm_eps must be a number, found null'],
    ['a flag that is no boolean', { attention_bias: 'yes' }, 'must be true or false'],
    [
      'attention to later tokens',
      { model_type: 'gemma2', use_bidirectional_attention: true },
      'use_bidirectional_attention must be false',
    ],
    [
      'other layers',
      { model_type: 'gemma2', layer_types: ['chunked_attention'] },
      'layer_types[0] must be full_attention or sliding_attention, found "chunked_attention"',
    ],
  ])('rejects %s', (_, fields, message) => {
    expect(() => parse({ model_type: 'llama', ...fields })).toThrow(
      expect.objectContaining({
        code: 'MODEL_INVALID',
        message: expect.stringContaining(message) as string,
      }) as Error,
    );
  });
});
