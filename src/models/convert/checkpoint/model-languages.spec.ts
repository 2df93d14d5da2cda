import { modelLanguages } from './model-languages.js';

describe('modelLanguages', () => {
  it('are those of the card for a decoder without documented languages', () => {
    expect(modelLanguages(['it', 'en'], { text_config: { model_type: 'llama' } })).toEqual([
      ...['en', 'it'],
    ]);
  });

  it('include those of the decoder family', () => {
    const languages = modelLanguages(['en', 'zh'], { text_config: { model_type: 'qwen2' } });
    expect(languages).toHaveLength(29);
    expect(languages).toEqual(expect.arrayContaining(['cs', 'de', 'es', 'fr', 'it', 'pt', 'zh']));
    expect(languages).not.toContain('ca');
    expect(modelLanguages(['en'], { model_type: 'qwen2' })).toEqual(languages);
  });

  it('are unknown if the card names none, whatever the decoder', () => {
    expect(modelLanguages(null, { text_config: { model_type: 'qwen2' } })).toBeNull();
  });
});
