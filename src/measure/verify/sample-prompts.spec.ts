import { samplePrompts } from './sample-prompts.js';

const CAPTION_LANGUAGES = ['en', 'es', 'ca', 'eu', 'gl', 'pt', 'fr', 'de', 'en', 'es'];
const TEXT_LANGUAGES = ['en', 'es', 'ca', 'gl', 'eu', 'pt', 'fr', 'de', 'en'];

describe('samplePrompts', () => {
  it('returns captions of the image, then text questions, for a vision-language model', () => {
    const prompts = samplePrompts({ hasVision: true, hasChatTemplate: true });

    expect(prompts.slice(0, 10).map(({ language }) => language)).toEqual(CAPTION_LANGUAGES);
    expect(prompts.slice(10).map(({ language }) => language)).toEqual(TEXT_LANGUAGES);
    expect(prompts.map(({ hasImage }) => hasImage)).toEqual([
      ...Array<boolean>(10).fill(true),
      ...Array<boolean>(9).fill(false),
    ]);
    for (const { hasImage, conversation } of prompts) {
      const images = JSON.stringify(conversation).split('"type":"image"').length - 1;
      expect(images).toBe(hasImage ? 1 : 0);
    }
  });

  it('returns only the text questions for a text-only model with a chat template', () => {
    const all = samplePrompts({ hasVision: true, hasChatTemplate: true });

    expect(samplePrompts({ hasVision: false, hasChatTemplate: true })).toEqual(all.slice(10));
  });

  it('returns raw text prefixes for a base model without a chat template', () => {
    const prompts = samplePrompts({ hasVision: false, hasChatTemplate: false });

    expect(prompts.map(({ language }) => language)).toEqual(TEXT_LANGUAGES);
    expect(prompts[0]!.conversation).toEqual({
      rawText: 'The capital of Portugal is Lisbon, a city that',
    });
    expect(
      prompts.every(({ hasImage, conversation }) => !hasImage && 'rawText' in conversation),
    ).toBe(true);
  });

  it('returns no prompt twice', () => {
    const prompts = samplePrompts({ hasVision: true, hasChatTemplate: true });

    expect(new Set(prompts.map((prompt) => JSON.stringify(prompt))).size).toBe(19);
  });
});
