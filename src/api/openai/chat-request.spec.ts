import { NEUTRAL_GENERATION } from '../../../test/fakes/generation.js';
import { FAKE_MODEL } from '../../../test/fakes/fake-engine.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { parseChatRequest } from './chat-request.js';

const jsonSchema = (schema: unknown) => ({
  type: 'json_schema',
  json_schema: { name: 'answer', schema, strict: true },
});

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

  expect(settings).toMatchObject({ temperature: 0.5, topP: 0, seed: -7, stop: ['\n'] });
  expect(settings).toMatchObject({ maxTokens: 9, topLogprobs: 20 });
  expect(language?.code).toBe('pt');
  expect(stream).toEqual({ includeUsage: true });
  expect(parse({ logprobs: true }).settings.topLogprobs).toBe(0);
  expect(parse({ max_tokens: 5 }).settings.maxTokens).toBe(5);
});

it("parses OpenAI's penalties and vLLM's extensions", () => {
  const { settings } = parse({
    ...{ top_k: 5, min_p: 0.1, repetition_penalty: 1.3, min_tokens: 4, ignore_eos: true },
    ...{ stop_token_ids: [7, 8], include_stop_str_in_output: true },
    ...{ frequency_penalty: -0.5, presence_penalty: 2, logit_bias: { 7: -100, 1599: 1.5 } },
  });

  expect(settings).toMatchObject({
    ...{ topK: 5, minP: 0.1, repetitionPenalty: 1.3, minTokens: 4, endOfText: 'ignore' },
    ...{ stopTokenIds: [7, 8], stopText: 'keep' },
    ...{ frequencyPenalty: -0.5, presencePenalty: 2 },
  });
  expect([...settings.logitBias]).toEqual([
    [7, -100],
    [1599, 1.5],
  ]);
  expect(parse({ top_k: -1 }).settings.topK).toBe(0);
});

it('uses the settings of the checkpoint where the request has none', () => {
  const own = { temperature: 0.6, topK: 50, topP: 0.9, minP: 0.05, repetitionPenalty: 1.2 };
  const generation = { ...NEUTRAL_GENERATION, ...own, doSample: true, minNewTokens: 2 };
  const ask = (fields: object) =>
    parseChatRequest({ model: 'fake', messages: HELLO, ...fields }, { ...FAKE_MODEL, generation })
      .settings;

  expect(ask({})).toMatchObject({ ...own, minTokens: 2 });
  // The minimum of the checkpoint does not forbid shorter answers.
  expect(ask({ temperature: 0, top_k: -1, max_tokens: 1 })).toMatchObject({
    ...own,
    ...{ temperature: 0, topK: 0, maxTokens: 1 },
  });
});

it('refuses a language that the model does not have', () => {
  const model = { ...FAKE_MODEL, languages: ['de', 'en'] };
  const body = { model: 'fake', messages: HELLO, language: 'ca' };

  expect(failure(() => parseChatRequest(body, model))).toEqual(['INVALID_PARAMETER', 'language']);
  expect(parseChatRequest({ ...body, language: 'de' }, model).language?.code).toBe('de');
});

it('accepts explicit defaults and parameters that change no answer', () => {
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
    metadata: { topic: 'foxes' },
    store: false,
    best_of: 1,
    use_beam_search: false,
    length_penalty: 1,
    skip_special_tokens: true,
    add_generation_prompt: true,
    continue_final_message: false,
    echo: false,
    guided_json: null,
    stream_options: null,
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

  const clip = (part: { readonly source: object }) => ({
    ...part,
    source: { ...part.source, animations: 'clip' },
  });
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
    clip(byUrl),
    clip(media()),
    clip(media()),
    clip(media()),
    clip(byUrl),
    { type: 'text', text: 'What?' },
  ]);
});

it('parses the frame sampling options', () => {
  const sampling = (media_options: object) => parse({ media_options }).sampling;

  expect(sampling({ num_frames: 4, max_tiles: null })).toEqual({
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
const STREAMED_USAGE = { stream: true, stream_options: { continuous_usage_stats: true } };

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
  ['messages[0].images', { messages: [{ role: 'user', content: 'x', images: ['AAEC'] }] }],
  ['messages[0].refusal', { messages: [{ role: 'user', content: 'x', refusal: 'no' }] }],
  ['images', { images: ['AAEC'] }],
  ['functions', { functions: [{ name: 'f' }] }],
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
  ['presence_penalty', { presence_penalty: 2.5 }],
  ['frequency_penalty', { frequency_penalty: '1' }],
  ['logit_bias', { logit_bias: [1] }],
  ['logit_bias', { logit_bias: { 50256: -100 } }],
  ['logit_bias', { logit_bias: { fox: 1 } }],
  ['logit_bias', { logit_bias: { '-1': 1 } }],
  ['logit_bias.3', { logit_bias: { 3: 101 } }],
  ['logit_bias.3', { logit_bias: { 3: null } }],
  ['top_k', { top_k: -2 }],
  ['top_k', { top_k: 1.5 }],
  ['min_p', { min_p: 1.1 }],
  ['repetition_penalty', { repetition_penalty: 0 }],
  ['min_tokens', { min_tokens: -1 }],
  ['min_tokens', { min_tokens: 129 }],
  ['min_tokens', { min_tokens: 6, max_tokens: 5 }],
  ['ignore_eos', { ignore_eos: 1 }],
  ['stop_token_ids', { stop_token_ids: 2 }],
  ['stop_token_ids', { stop_token_ids: [1600] }],
  ['stop_token_ids', { stop_token_ids: ['2'] }],
  ['stop_token_ids', { stop_token_ids: Array(65).fill(2) }],
  ['include_stop_str_in_output', { include_stop_str_in_output: 'yes' }],
  ['best_of', { best_of: 2 }],
  ['use_beam_search', { use_beam_search: true }],
  ['length_penalty', { length_penalty: 2 }],
  ['skip_special_tokens', { skip_special_tokens: false }],
  ['add_generation_prompt', { add_generation_prompt: false }],
  ['continue_final_message', { continue_final_message: true }],
  ['echo', { echo: true }],
  ['guided_json', { guided_json: {} }],
  ['structured_outputs', { structured_outputs: { choice: ['a'] } }],
  ['allowed_token_ids', { allowed_token_ids: [1] }],
  ['bad_words', { bad_words: ['fox'] }],
  ['reasoning_effort', { reasoning_effort: 'high' }],
  ['something_new', { something_new: 0 }],
  ['(unnamed)', { 'odd name': 1 }],
  ['stream_options.continuous_usage_stats', STREAMED_USAGE],
  ['media_options.max_tiles', { media_options: { max_tiles: 3 } }],
  ['response_format', { response_format: 'json' }],
  ['response_format.type', { response_format: {} }],
  ['response_format.type', { response_format: { type: 'grammar' } }],
  ['response_format.json_schema', { response_format: { type: 'json_schema' } }],
  ['response_format.json_schema.schema', { response_format: jsonSchema('text') }],
  [
    'response_format.json_schema.schema',
    { response_format: jsonSchema({ enum: ['x'.repeat(65_536)] }) },
  ],
  [
    'response_format.json_schema.schema.pattern',
    { response_format: jsonSchema({ type: 'string', pattern: 'a' }) },
  ],
  [
    'response_format.json_schema.strict',
    { response_format: { type: 'json_schema', json_schema: { schema: {}, strict: 1 } } },
  ],
  ['ignore_eos', { response_format: { type: 'json_object' }, ignore_eos: true }],
  ['min_tokens', { response_format: { type: 'json_object' }, min_tokens: 5 }],
  ['modalities', { modalities: ['text', 'audio'] }],
  ['tools', { tools: [{ type: 'function', function: { name: 'f' } }] }],
  ['tools', { tools: [{ type: 'function', function: { name: 'f' } }], tool_choice: 'auto' }],
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

it.each([
  [{ top_k: -2 }, /^top_k must be an integer from -1 to \d+, received -2\.$/],
  [{ logit_bias: { 1600: 1 } }, /integers from 0 to 1599, received 1600\.$/],
  [{ min_tokens: 6, max_tokens: 5 }, /^min_tokens must be at most max_tokens \(5\), received 6\.$/],
  [{ guided_json: {} }, /^guided_json is not supported by this endpoint\. Leave it out\.$/],
])('names the value and the rule for %j', (fields, message) => {
  expect(() => parse(fields)).toThrow(message);
});

it("takes an assistant's turn without content or calls", () => {
  const [, turn, reply] = parse({
    messages: [
      ...HELLO,
      { role: 'assistant', content: null, tool_calls: [], images: [] },
      { role: 'assistant', content: 'Hi.', annotations: [{}], reasoning_content: 'Hm.' },
    ],
  }).messages;

  expect(turn).toEqual({ role: 'assistant', content: [{ type: 'text', text: '' }] });
  expect(reply).toEqual({ role: 'assistant', content: [{ type: 'text', text: 'Hi.' }] });
});

it('reads the format of the answer', () => {
  const schema = { type: 'object', properties: { name: { type: 'string' } } };

  expect(parse({ response_format: jsonSchema(schema) }).settings.answerFormat).toEqual({
    kind: 'json-schema',
    schema,
  });
  expect(parse({ response_format: { type: 'json_object' } }).settings.answerFormat).toEqual({
    kind: 'json-object',
  });
  expect(parse({ response_format: { type: 'text' } }).settings).not.toHaveProperty('answerFormat');
});

it('takes tools that must not be called', () => {
  const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }];
  const functions = [{ name: 'f' }];

  expect(parse({ tools, tool_choice: 'none' })).toEqual(parse({}));
  expect(parse({ functions, function_call: 'none' })).toEqual(parse({}));
});
