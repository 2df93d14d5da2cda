import { cannedPrompts } from './canned-prompts.js';

const CAPTION_LANGUAGES = ['en', 'es', 'ca', 'eu', 'gl', 'pt', 'fr', 'de', 'en', 'es'];
const TEXT_LANGUAGES = ['en', 'es', 'ca', 'gl', 'eu', 'pt', 'fr', 'de', 'en'];

describe('cannedPrompts', () => {
  it('asks a vision-language model about the image first, then questions without it', () => {
    const prompts = cannedPrompts({ sees: true, chats: true });

    expect(prompts.slice(0, 10).map(({ language }) => language)).toEqual(CAPTION_LANGUAGES);
    expect(prompts.slice(10).map(({ language }) => language)).toEqual(TEXT_LANGUAGES);
    expect(prompts.map(({ shows }) => shows)).toEqual([
      ...Array<string>(10).fill('picture'),
      ...Array<string>(9).fill('nothing'),
    ]);
    for (const { shows, conversation } of prompts) {
      const images = JSON.stringify(conversation).split('"type":"image"').length - 1;
      expect(images).toBe(shows === 'picture' ? 1 : 0);
    }
  });

  it('asks a text-only chat model the questions alone', () => {
    const all = cannedPrompts({ sees: true, chats: true });

    expect(cannedPrompts({ sees: false, chats: true })).toEqual(all.slice(10));
  });

  it('gives a base model texts to complete', () => {
    const prompts = cannedPrompts({ sees: false, chats: false });

    expect(prompts.map(({ language }) => language)).toEqual(TEXT_LANGUAGES);
    expect(prompts[0]!.conversation).toEqual({
      rawText: 'The capital of Portugal is Lisbon, a city that',
    });
    expect(
      prompts.every(({ shows, conversation }) => shows === 'nothing' && 'rawText' in conversation),
    ).toBe(true);
  });

  it('asks for different texts in every prompt', () => {
    const prompts = cannedPrompts({ sees: true, chats: true });

    expect(new Set(prompts.map((prompt) => JSON.stringify(prompt))).size).toBe(19);
  });
});
