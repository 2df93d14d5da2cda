import { FAKE_MODEL, messagesOf } from '../../../test/fakes/fake-engine.js';
import type { RequestMedia } from '../../engine/vision-language-engine.js';
import {
  type ChatRequest,
  parseChatRequest,
  listMediaSources,
  toEngineRequest,
} from './chat-request.js';

const IMAGE: RequestMedia = { kind: 'image', bytes: Uint8Array.of(1) };
const VIDEO: RequestMedia = {
  kind: 'video',
  path: '/clip',
  sampling: { mode: 'uniform', frames: { count: 2 } },
};

const image = (url: string, detail?: string) => ({ type: 'image_url', image_url: { url, detail } });
const text = (said: string) => ({ type: 'text', text: said });

const parse = (messages: object[], fields = {}): ChatRequest =>
  parseChatRequest({ model: 'fake', messages, ...fields }, FAKE_MODEL);

it('keeps the media at their place in the messages, with the kind of their bytes', () => {
  const chat = parse([
    { role: 'user', content: [image('https://a/1'), text('a'), image('https://a/2')] },
    { role: 'assistant', content: 'b' },
    { role: 'user', content: [image('https://a/3'), text('c')] },
  ]);
  const media = [IMAGE, VIDEO, IMAGE];

  expect(listMediaSources(chat)).toEqual(
    ['https://a/1', 'https://a/2', 'https://a/3'].map((url) => ({
      kind: 'url',
      url,
      animations: 'still',
    })),
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

it('passes the variables of the chat template on', () => {
  const variables = { date_string: '29 November 2026' };
  const chat = parse([{ role: 'user', content: 'a' }], { chat_template_kwargs: variables });

  expect(toEngineRequest(chat, []).templateVariables).toEqual(variables);
});

it('applies the highest detail of the images', () => {
  const one = parse([
    { role: 'user', content: [image('https://a/1'), image('https://a/2', 'low')] },
  ]);

  expect(toEngineRequest(one, [VIDEO, IMAGE]).detail).toBe('low');
  expect(toEngineRequest(one, [IMAGE, VIDEO]).detail).toBe('auto');
  expect(toEngineRequest(one, [IMAGE, IMAGE]).detail).toBe('auto');
  const both = parse([
    { role: 'user', content: [image('https://a/1', 'low'), image('https://a/2', 'high')] },
  ]);
  expect(toEngineRequest(both, [IMAGE, IMAGE]).detail).toBe('high');
});

it('appends the language instruction to the last message', () => {
  const ask = (content: object[] | string) => {
    const messages = [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b' },
      { role: 'user', content },
    ];
    const chat = parse(messages, { language: 'ca' });
    return messagesOf(toEngineRequest(chat, [IMAGE]).conversations[0])[2]?.content;
  };

  expect(ask('Què és?')).toEqual([text('Què és? Respon en català.')]);
  expect(ask([image('https://a/1'), text('Què és?')])).toEqual([
    { type: 'image' },
    text('Què és? Respon en català.'),
  ]);
  expect(ask([image('https://a/1')])).toEqual([{ type: 'image' }, text('Respon en català.')]);
});
