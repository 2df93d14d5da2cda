import { GREEDY, NEUTRAL_GENERATION } from '../../test/fakes/generation.js';
import { resolveCaptionSettings, resolveSettings } from './resolve-settings.js';

describe('resolveSettings', () => {
  it('decodes greedily by default', () => {
    expect(resolveSettings({}, NEUTRAL_GENERATION)).toEqual(GREEDY);
  });

  it('requests log-probabilities only if the client does', () => {
    expect(resolveSettings({}, NEUTRAL_GENERATION)).not.toHaveProperty('topLogprobs');
    expect(resolveSettings({ topLogprobs: 0 }, NEUTRAL_GENERATION)).toMatchObject({
      topLogprobs: 0,
    });
  });

  it('applies the generation config of the checkpoint, its temperature only with do_sample', () => {
    const own = { temperature: 0.6, topP: 0.9, topK: 40, minP: 0.1, repetitionPenalty: 1.2 };
    const defaults = { ...NEUTRAL_GENERATION, ...own, minNewTokens: 3 };

    const sampled = resolveSettings({}, { ...defaults, doSample: true });
    expect(sampled).toMatchObject({ ...own, minTokens: 3 });
    expect(resolveSettings({}, defaults)).toMatchObject({ ...own, temperature: 0 });
  });

  it('prefers settings of the request, including zeros', () => {
    const defaults = { ...NEUTRAL_GENERATION, temperature: 0.6, topK: 40, doSample: true };

    expect(resolveSettings({ temperature: 0, topK: 0 }, defaults)).toMatchObject({
      temperature: 0,
      topK: 0,
    });
  });
});

describe('resolveCaptionSettings', () => {
  const defaults = { ...NEUTRAL_GENERATION, doSample: true, temperature: 0.6, topP: 0.9 };

  it('is greedy even if the checkpoint samples', () => {
    expect(resolveCaptionSettings({}, defaults).temperature).toBe(0);
  });

  it('samples as the checkpoint does if the request sets a temperature', () => {
    expect(resolveCaptionSettings({ temperature: 0.4 }, defaults)).toMatchObject({
      temperature: 0.4,
      topP: 0.9,
    });
  });
});
