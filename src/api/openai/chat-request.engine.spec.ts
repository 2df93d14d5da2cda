import { FAKE_MODEL, messagesOf } from '../../../test/fakes/fake-engine.js';
import type { RequestMedia } from '../../engine/vision-language-engine.js';
import {
  type ChatRequest,
  parseChatRequest,
  listMediaSources,
  toEngineRequest,
} from './chat-request.js';

const PICTURE: RequestMedia = { kind: 'image', bytes: Uint8Array.of(1) };
const CLIP: RequestMedia = {
  kind: 'video',
  path: '/clip',
  sampling: { mode: 'uniform', frames: { count: 2 } },
};

const image = (url: string, detail?: string) => ({ type: 'image_url', image_url: { url, detail } });
const text = (said: string) => ({ type: 'text', text: said });

const parse = (messages: object[], fields = {}): ChatRequest =>
  parseChatRequest({ model: 'fake', messages, ...fields }, FAKE_MODEL);

it('shows the media where they were said, as what their bytes are', () => {
  const chat = parse([
    { role: 'user', content: [image('https://a/1'), text('a'), image('https://a/2')] },
    { role: 'assistant', content: 'b' },
    { role: 'user', content: [image('https://a/3'), text('c')] },
  ]);
  const media = [PICTURE, CLIP, PICTURE];

  expect(listMediaSources(chat.messages)).toEqual(
    ['https://a/1', 'https://a/2', 'https://a/3'].map((url) => ({ kind: 'url', url })),
  );
  expect(toEngineRequest(chat, media)).toMatchObject({
    media,
    detail: 'auto',
    conversations: [
      [
        { role: 'user', content: [{ type: 'image' }, text('a'), { type: 'video' }] },
        { role: 'assistant', content: [text('b')] },
        { role: 'user', content: [{ type: 'image' }, text('c')] },
      ],
    ],
  });
});

it('takes the detail of the only picture', () => {
  const one = parse([
    { role: 'user', content: [image('https://a/1'), image('https://a/2', 'low')] },
  ]);

  expect(toEngineRequest(one, [CLIP, PICTURE]).detail).toBe('low');
  expect(toEngineRequest(one, [PICTURE, CLIP]).detail).toBe('auto');
  expect(toEngineRequest(one, [PICTURE, PICTURE]).detail).toBe('auto');
});

it('asks for a language behind what was said last', () => {
  const ask = (content: object[] | string) => {
    const messages = [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b' },
      { role: 'user', content },
    ];
    const chat = parse(messages, { language: 'ca' });
    return messagesOf(toEngineRequest(chat, [PICTURE]).conversations[0])[2]?.content;
  };

  expect(ask('Què és?')).toEqual([text('Què és? Respon en català.')]);
  expect(ask([image('https://a/1'), text('Què és?')])).toEqual([
    { type: 'image' },
    text('Què és? Respon en català.'),
  ]);
  expect(ask([image('https://a/1')])).toEqual([{ type: 'image' }, text('Respon en català.')]);
});
