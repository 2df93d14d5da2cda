import { resolveSettings } from './resolve-settings.js';

describe('resolveSettings', () => {
  it('decodes greedily by default', () => {
    expect(resolveSettings({}, {})).toEqual({
      temperature: 0,
      topP: 1,
      topK: 0,
      repetitionPenalty: 1,
      seed: 0,
      maxTokens: 128,
      stop: [],
    });
  });

  it('requests log-probabilities only if the client does', () => {
    expect(resolveSettings({}, {})).not.toHaveProperty('topLogprobs');
    expect(resolveSettings({ topLogprobs: 0 }, {})).toMatchObject({ topLogprobs: 0 });
  });

  it('applies the generation config of the checkpoint, its temperature only with do_sample', () => {
    const defaults = { temperature: 0.6, topP: 0.9, topK: 40, repetitionPenalty: 1.2 };

    expect(resolveSettings({}, { ...defaults, doSample: true })).toMatchObject(defaults);
    expect(resolveSettings({}, defaults)).toMatchObject({ ...defaults, temperature: 0 });
  });

  it('prefers settings of the request, including zeros', () => {
    const defaults = { temperature: 0.6, topK: 40, doSample: true };

    expect(resolveSettings({ temperature: 0, topK: 0 }, defaults)).toMatchObject({
      temperature: 0,
      topK: 0,
    });
  });
});
