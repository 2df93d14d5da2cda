import { resolveLanguage } from '../language/languages.js';
import { captionConversation, questionConversation } from './conversations.js';

const english = resolveLanguage('en');

function text(words: string) {
  return { type: 'text', text: words };
}

describe('captionConversation', () => {
  it('contains the image, the instruction and the answer language', () => {
    expect(captionConversation('alt', english)).toEqual([
      {
        role: 'user',
        content: [{ type: 'image' }, text('Write alt text for the picture. Answer in English.')],
      },
    ]);
  });

  it('has a separate caption instruction for videos, and no other separate instruction', () => {
    expect(captionConversation('caption', english, 'video')[0]?.content).toEqual([
      { type: 'video' },
      text('What happens in the clip? Answer in English.'),
    ]);
    expect(captionConversation('keywords', english, 'video')[0]?.content).toEqual([
      { type: 'video' },
      text('Give keywords for the picture. Answer in English.'),
    ]);
  });
});

describe('questionConversation', () => {
  it('references one image by default', () => {
    expect(questionConversation('Who?', english)).toEqual([
      { role: 'user', content: [{ type: 'image' }, text('Who? Answer in English.')] },
    ]);
  });

  it('references media in the first turn and states the language in every user turn', () => {
    const history = [
      { role: 'user' as const, text: 'Who?' },
      { role: 'assistant' as const, text: 'A fox.' },
    ];
    expect(questionConversation('Where?', english, { shown: ['video', 'image'], history })).toEqual(
      [
        {
          role: 'user',
          content: [{ type: 'video' }, { type: 'image' }, text('Who? Answer in English.')],
        },
        { role: 'assistant', content: [text('A fox.')] },
        { role: 'user', content: [text('Where? Answer in English.')] },
      ],
    );
  });

  it('can omit media', () => {
    expect(questionConversation('Who?', english, { shown: [] })[0]?.content).toEqual([
      text('Who? Answer in English.'),
    ]);
  });
});
