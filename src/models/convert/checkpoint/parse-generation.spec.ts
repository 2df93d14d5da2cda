import { readFileSync } from 'node:fs';

import type { GenerationDefaults } from '../../package/manifest.js';
import { findGenerationFile, type GenerationFile, parseGeneration } from './parse-generation.js';
import { parseTokens } from './parse-tokens.js';

const INVALID = expect.objectContaining({ code: 'MODEL_INVALID' }) as Error;

type Json = Readonly<Record<string, unknown>>;

/** The settings that transformers generates with, for the JSON files of a checkpoint. See make_defaults.py. */
interface GoldenCase {
  readonly config: Json;
  readonly generation: Json | null;
  readonly settings: Json;
  readonly class_eos: number | readonly number[] | null;
  readonly bos: number | null;
  readonly pad: number | null;
}

const GOLDEN = JSON.parse(
  readFileSync('test/golden/sampling/defaults.json', 'utf8'),
) as readonly GoldenCase[];
const titled = GOLDEN.map(
  (item) =>
    [`${JSON.stringify(item.config)} and ${JSON.stringify(item.generation)}`, item] as const,
);

const toList = (value: unknown): readonly unknown[] =>
  value === null || value === undefined ? [] : Array.isArray(value) ? value : [value];

/** transformers' names and its null for no restriction, as our settings have them. */
function toDefaults(settings: Json): GenerationDefaults {
  return {
    doSample: settings['do_sample'] as boolean,
    temperature: settings['temperature'] as number,
    topK: settings['top_k'] as number,
    topP: settings['top_p'] as number,
    minP: (settings['min_p'] ?? 0) as number,
    repetitionPenalty: settings['repetition_penalty'] as number,
    minNewTokens: (settings['min_new_tokens'] ?? 0) as number,
    noRepeatNgramSize: settings['no_repeat_ngram_size'] as number,
    suppressTokens: toList(settings['suppress_tokens']) as number[],
    beginSuppressTokens: toList(settings['begin_suppress_tokens']) as number[],
    badWords: toList(settings['bad_words_ids']) as number[][],
    stopStrings: toList(settings['stop_strings']) as string[],
  };
}

const inFile = (json: Json): GenerationFile => ({ name: 'generation_config.json', json });

describe('parseGeneration', () => {
  it.each(titled)('equals transformers for %s', (_, { config, generation, settings }) => {
    const { defaults, notes } = parseGeneration(findGenerationFile(config, generation ?? {}));

    expect(defaults).toEqual(toDefaults(settings));
    expect(notes).toEqual([]);
  });

  it('takes one stop string without a list', () => {
    const { defaults } = parseGeneration(inFile({ stop_strings: '\n\n' }));

    expect(defaults.stopStrings).toEqual(['\n\n']);
  });

  it('names each field that changes the answers and is not supported', () => {
    const { notes } = parseGeneration(
      inFile({
        ...{ num_beams: 4, typical_p: 0.9, max_new_tokens: 2048, forced_eos_token_id: 2 },
        ...{ watermarking_config: { bias: 2 }, force_words_ids: [[1]] },
      }),
    );

    expect(notes).toEqual([
      'generation_config.json: num_beams (4) is not supported; one sequence is decoded.',
      'generation_config.json: force_words_ids (an array of 1 items) is not supported; it is ignored.',
      'generation_config.json: max_new_tokens (2048) is not supported; the request sets the length of answers (max_tokens).',
      'generation_config.json: forced_eos_token_id (2) is not supported; it is ignored.',
      'generation_config.json: typical_p (0.9) is not supported; it is ignored.',
      'generation_config.json: watermarking_config (an object) is not supported; answers carry no watermark.',
    ]);
  });

  it('has no note on values and fields without effect', () => {
    const { notes } = parseGeneration(
      inFile({
        ...{ num_beams: 1, typical_p: 1, typical: 2, epsilon_cutoff: 0, max_length: 20 },
        ...{ min_length: 0, guidance_scale: null, use_cache: false, length_penalty: 2 },
        ...{ transformers_version: '4.57.0', _from_model_config: true, output_scores: true },
      }),
    );

    expect(notes).toEqual([]);
  });

  it('notes values with which transformers cannot generate', () => {
    const { defaults, notes } = parseGeneration(
      inFile({ do_sample: true, temperature: 0, top_k: -1 }),
    );

    expect(defaults).toMatchObject({ temperature: 0, topK: 0 });
    expect(notes).toEqual([
      'generation_config.json: do_sample is true and temperature is 0; decoding is greedy.',
      'generation_config.json: top_k is -1; sampling has no top-k limit.',
    ]);
  });

  it.each([
    [{ temperature: -1 }],
    [{ temperature: '0.6' }],
    [{ top_p: 2 }],
    [{ min_p: -0.1 }],
    [{ top_k: -2 }],
    [{ top_k: 1.5 }],
    [{ repetition_penalty: 0 }],
    [{ do_sample: 1 }],
    [{ no_repeat_ngram_size: -1 }],
    [{ suppress_tokens: 5 }],
    [{ suppress_tokens: [-1] }],
    [{ bad_words_ids: [3] }],
    [{ bad_words_ids: [[]] }],
    [{ stop_strings: [''] }],
    [{ stop_strings: ['x'.repeat(129)] }],
    [{ min_new_tokens: -1 }],
  ])('rejects %j with the name of the file and the field', (json) => {
    expect(() => parseGeneration(inFile(json))).toThrow(INVALID);
    expect(() => parseGeneration(inFile(json))).toThrow(
      new RegExp(`^Invalid checkpoint: generation_config.json: ${Object.keys(json)[0]!}`),
    );
  });
});

const sourceOf = (json: Json, config: Json = {}) => ({
  json,
  config,
  modelType: undefined,
  tensorNames: [],
});

describe('parseTokens', () => {
  it.each(titled)('has the tokens of transformers for %s', (_, golden) => {
    const { config, generation, settings } = golden;
    const text = (config['text_config'] ?? config) as Json;
    const { tokens, notes } = parseTokens(
      sourceOf(text, config),
      findGenerationFile(config, generation ?? {}),
    );

    const generated = toList(settings['eos_token_id']);
    // transformers does not stop without one; the token of the class is used, with a note.
    const eos = generated.length > 0 ? generated : toList(golden.class_eos);
    expect(tokens).toEqual({ bos: golden.bos, eos, pad: golden.pad });
    expect(notes).toHaveLength(generated.length > 0 ? 0 : 1);
  });

  it('says how answers end without an end token', () => {
    const parse = (model_type: string) =>
      parseTokens(sourceOf({ model_type }), inFile({ do_sample: false })).notes;

    expect(parse('llama')).toEqual([
      'generation_config.json: eos_token_id is missing; answers end at token 2 of config.json or of the class of the model.',
    ]);
    expect(parse('qwen2')[0]).toContain('answers end at max_tokens only');
  });

  it('reads null and -1 as no token', () => {
    const text = { model_type: 'llama', bos_token_id: null, eos_token_id: null, pad_token_id: -1 };

    const { tokens } = parseTokens(sourceOf(text), inFile({ eos_token_id: [-1] }));
    expect(tokens).toEqual({ bos: null, eos: [], pad: null });
  });

  it.each([['</s>'], [[2, '5']], [2.5], [-2], [true]])('rejects the end token %j', (value) => {
    const parse = () =>
      parseTokens(sourceOf({ model_type: 'llama' }), inFile({ eos_token_id: value }));

    expect(parse).toThrow(INVALID);
    expect(parse).toThrow(/generation_config\.json: eos_token_id/);
  });
});
