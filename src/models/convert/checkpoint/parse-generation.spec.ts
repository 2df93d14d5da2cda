import { parseGenerationDefaults } from './parse-generation.js';

const INVALID = expect.objectContaining({ code: 'MODEL_INVALID' }) as Error;

describe('parseGenerationDefaults', () => {
  it('omits missing fields', () => {
    expect(parseGenerationDefaults({ eos_token_id: 2, top_k: null })).toEqual({});
  });

  it('parses all fields', () => {
    const json = {
      temperature: 0.6,
      top_p: 0.9,
      top_k: 50,
      repetition_penalty: 1.2,
      do_sample: true,
    };

    expect(parseGenerationDefaults(json)).toEqual({
      temperature: 0.6,
      topP: 0.9,
      topK: 50,
      repetitionPenalty: 1.2,
      doSample: true,
    });
  });

  it.each([[{ temperature: -1 }], [{ top_p: 2 }], [{ repetition_penalty: 0 }], [{ do_sample: 1 }]])(
    'rejects %j',
    (json) => {
      expect(() => parseGenerationDefaults(json)).toThrow(INVALID);
    },
  );
});
