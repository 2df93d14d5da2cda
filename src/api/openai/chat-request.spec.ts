import { FAKE_MODEL } from '../../../test/fakes/fake-engine.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { parseChatRequest } from './chat-request.js';

const HELLO = [{ role: 'user', content: 'Hello' }];
const PIXEL = 'data:image/png;base64,AAEC';
const BYTES = Uint8Array.of(0, 1, 2);

const parse = (fields: object) =>
  parseChatRequest({ model: 'fake', messages: HELLO, ...fields }, FAKE_MODEL);

const parseContent = (content: unknown, role = 'user') =>
  parse({ messages: [{ role, content }] }).messages[0]?.content;

function failure(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    if (error instanceof SalamandraError) return [error.code, error.details?.['parameter']];
  }
  return undefined;
}

it('has defaults', () => {
  expect(parse({})).toMatchObject({
    messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }],
    settings: { temperature: 0, topP: 1, seed: 0, maxTokens: 128, stop: [] },
    language: undefined,
    stream: null,
  });
  expect(parse({}).settings).not.toHaveProperty('topLogprobs');
});

it('parses the generation parameters', () => {
  const { settings, language, stream } = parse({
    temperature: 0.5,
    top_p: 0,
    seed: -7,
    stop: '\n',
    max_tokens: 5,
    max_completion_tokens: 9,
    logprobs: true,
    top_logprobs: 20,
    stream: true,
    stream_options: { include_usage: true },
    language: 'pt-BR',
  });

  expect(settings).toMatchObject({ temperature: 0.5, topP: 1e-9, seed: -7, stop: ['\n'] });
  expect(settings).toMatchObject({ maxTokens: 9, topLogprobs: 20 });
  expect(language?.code).toBe('pt');
  expect(stream).toEqual({ includeUsage: true });
  expect(parse({ logprobs: true }).settings.topLogprobs).toBe(0);
  expect(parse({ max_tokens: 5 }).settings.maxTokens).toBe(5);
});

it('refuses a language that the model does not have', () => {
  const model = { ...FAKE_MODEL, languages: ['de', 'en'] };
  const body = { model: 'fake', messages: HELLO, language: 'ca' };

  expect(failure(() => parseChatRequest(body, model))).toEqual(['INVALID_PARAMETER', 'language']);
  expect(parseChatRequest({ ...body, language: 'de' }, model).language?.code).toBe('de');
});

it('accepts explicit defaults and ignores unknown parameters', () => {
  const { settings } = parse({
    temperature: null,
    stop: null,
    n: 1,
    presence_penalty: 0,
    frequency_penalty: 0,
    logit_bias: {},
    response_format: { type: 'text' },
    tools: [],
    tool_choice: 'auto',
    modalities: ['text'],
    user: 'someone',
    store: false,
    something_new: { deep: true },
  });

  expect(settings).toEqual(parse({}).settings);
});

it('parses each kind of part', () => {
  const media = (detail?: string) => ({
    type: 'media',
    source: { kind: 'bytes', bytes: Buffer.from(BYTES) },
    detail,
  });
  const byUrl = { type: 'media', source: { kind: 'url', url: 'https://a.example/b' } };

  expect(
    parseContent([
      { type: 'image_url', image_url: { url: PIXEL, detail: 'high' } },
      { type: 'image_url', image_url: PIXEL },
      { type: 'video_url', video_url: { url: 'https://a.example/b' } },
      { type: 'input_video', input_video: { data: 'AAEC' } },
      { type: 'input_video', input_video: { url: PIXEL } },
      { type: 'input_video', input_video: 'AAEC' },
      { type: 'input_video', input_video: 'https://a.example/b' },
      { type: 'text', text: 'What?' },
    ]),
  ).toEqual([
    media('high'),
    media(),
    byUrl,
    media(),
    media(),
    media(),
    byUrl,
    { type: 'text', text: 'What?' },
  ]);
});

it('parses the frame sampling options', () => {
  const sampling = (media_options: object) => parse({ media_options }).sampling;

  expect(sampling({ num_frames: 4, max_tiles: 3 })).toEqual({
    mode: 'uniform',
    frames: { count: 4 },
  });
  expect(sampling({ fps: 0.5, start: 2, end: 8.5, sampling: 'scene' })).toEqual({
    mode: 'scene',
    frames: { perSecond: 0.5 },
    range: { startSeconds: 2, endSeconds: 8.5 },
  });
  expect(sampling({ num_frames: null })).toEqual(parse({}).sampling);
});

it('parses a conversation', () => {
  const { messages } = parse({
    messages: [
      { role: 'developer', content: 'Be brief.' },
      { role: 'user', content: 'Hello', name: 'Ada' },
      { role: 'assistant', content: [{ type: 'text', text: 'Hi.' }], refusal: null },
      { role: 'user', content: 'Who are you?' },
    ],
  });

  expect(messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user']);
  expect(messages[2]?.content).toEqual([{ type: 'text', text: 'Hi.' }]);
});

const image = { type: 'image_url', image_url: PIXEL };

it.each([
  ['model', { model: undefined }],
  ['model', { model: 7 }],
  ['messages', { messages: undefined }],
  ['messages', { messages: [] }],
  ['messages', { messages: [{ role: 'user', content: Array(9).fill(image) }] }],
  ['messages[0]', { messages: ['Hello'] }],
  ['messages[0].role', { messages: [{ content: 'x' }] }],
  ['messages[0].role', { messages: [{ role: 'tool', content: 'x' }] }],
  ['messages[0]', { messages: [{ role: 'assistant', content: null, tool_calls: [{}] }] }],
  ['messages[0].content', { messages: [{ role: 'user' }] }],
  ['messages[0].content[0]', { messages: [{ role: 'assistant', content: [image] }] }],
  ['messages[0].content[0]', { messages: [{ role: 'system', content: [image] }] }],
  ['stop', { stop: '' }],
  ['stop', { stop: Array(9).fill('x') }],
  ['temperature', { temperature: 2.1 }],
  ['temperature', { temperature: '1' }],
  ['top_p', { top_p: -0.1 }],
  ['seed', { seed: 1.5 }],
  ['seed', { seed: 2 ** 60 }],
  ['max_tokens', { max_tokens: 0 }],
  ['max_completion_tokens', { max_completion_tokens: 1e9 }],
  ['top_logprobs', { logprobs: true, top_logprobs: 21 }],
  ['top_logprobs', { top_logprobs: 2 }],
  ['logprobs', { logprobs: 3 }],
  ['stream', { stream: 'yes' }],
  ['stream_options', { stream_options: { include_usage: true } }],
  ['language', { language: 'tlh' }],
  ['n', { n: 2 }],
  ['presence_penalty', { presence_penalty: 0.5 }],
  ['frequency_penalty', { frequency_penalty: -1 }],
  ['logit_bias', { logit_bias: { 50256: -100 } }],
  ['response_format', { response_format: { type: 'json_object' } }],
  ['modalities', { modalities: ['text', 'audio'] }],
  ['tools', { tools: [{ type: 'function', function: { name: 'f' } }] }],
  ['tool_choice', { tool_choice: 'required' }],
  ['media_options', { media_options: 3 }],
  ['media_options.num_frames', { media_options: { num_frames: 0 } }],
  ['media_options.fps', { media_options: { fps: 'all' } }],
  ['media_options.start', { media_options: { start: -1 } }],
  ['media_options.sampling', { media_options: { sampling: 'random' } }],
])('rejects an invalid %s', (parameter, fields) => {
  expect(failure(() => parse(fields))).toEqual(['INVALID_PARAMETER', parameter]);
});

it.each([
  ['.type', { type: 'input_audio', input_audio: {} }],
  ['.type', {}],
  ['.text', { type: 'text' }],
  ['.image_url', { type: 'image_url' }],
  ['.image_url.url', { type: 'image_url', image_url: {} }],
  ['.image_url.url', { type: 'image_url', image_url: { url: 'file:///etc/passwd' } }],
  ['.image_url', { type: 'image_url', image_url: 'AAEC' }],
  ['.image_url.detail', { type: 'image_url', image_url: { url: PIXEL, detail: 'huge' } }],
  ['.input_video', { type: 'input_video', input_video: {} }],
  ['.input_video', { type: 'input_video', input_video: { data: 'AAEC', url: PIXEL } }],
  ['.input_video.data', { type: 'input_video', input_video: { data: 'file:///etc/passwd' } }],
])('rejects a part with an invalid %s', (suffix, part) => {
  expect(failure(() => parseContent([part]))).toEqual([
    'INVALID_PARAMETER',
    `messages[0].content[0]${suffix}`,
  ]);
});

it('accepts the id of the loaded model and its alias', () => {
  expect(parse({ model: 'visual-salamandra' }).messages).toHaveLength(1);
  expect(failure(() => parse({ model: 'gpt-4o' }))).toEqual(['NOT_FOUND', 'model']);
});

it.each([undefined, null, 'text', []])('rejects the body %j', (body) => {
  expect(failure(() => parseChatRequest(body, FAKE_MODEL))).toEqual(['INVALID_REQUEST', undefined]);
});
