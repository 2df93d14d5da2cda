import { readFile } from 'node:fs/promises';

import { buildPrompt, type PromptSegment } from './build-prompt.js';
import type { ChatMessage, ChatPart, TemplateVariables } from './chat-template.js';
import { TaintedText } from './tainted-text.js';
import { type Tokenizer, createTokenizer, loadTokenizer, withChatTemplate } from './tokenizer.js';

const FIXTURE = 'test/golden/tokenizer';
const IMAGE_ID = 6;
const MEDIA = { image: IMAGE_ID, video: 7 };

interface GoldenConversation {
  messages: ChatMessage[];
  ids: number[];
}
interface Golden {
  conversations: GoldenConversation[];
  stringConversations: GoldenConversation[];
}

async function withTemplate(template: string): Promise<Tokenizer> {
  const read = async (name: string) =>
    JSON.parse(await readFile(`${FIXTURE}/${name}`, 'utf8')) as Record<string, unknown>;
  const plain = createTokenizer(
    await read('tokenizer.json'),
    await read('tokenizer_config.json'),
    MEDIA,
  );
  return withChatTemplate(plain, template);
}

const golden = JSON.parse(await readFile(`${FIXTURE}/golden.json`, 'utf8')) as Golden;
const tokenizer = await loadTokenizer(FIXTURE, MEDIA);
const stringTokenizer = await withTemplate(
  await readFile(`${FIXTURE}/string-template.jinja`, 'utf8'),
);

/** Token ids with a single image id per image. */
function flatten(segments: PromptSegment[]): number[] {
  return segments.flatMap((segment) => (segment.kind === 'text' ? [...segment.ids] : [IMAGE_ID]));
}
function collapse(ids: number[]): number[] {
  return ids.filter((id, index) => id !== IMAGE_ID || ids[index - 1] !== IMAGE_ID);
}
function user(...content: ChatPart[]): ChatMessage {
  return { role: 'user', content };
}
function text(value: string): ChatPart {
  return { type: 'text', text: value };
}
const image: ChatPart = { type: 'image' };
const video: ChatPart = { type: 'video' };
const kindsOf = (segments: PromptSegment[]) =>
  segments.flatMap((segment) =>
    segment.kind === 'text' ? [] : [`${segment.kind} ${segment.index}`],
  );
const failsWith = (code: string) => expect.objectContaining({ code }) as Error;

describe('buildPrompt', () => {
  it.each(golden.conversations.map(({ messages, ids }, index) => [index, messages, ids] as const))(
    "gives the processor's ids for conversation %i",
    (_, messages, ids) => {
      expect(flatten(buildPrompt(messages, tokenizer))).toEqual(collapse(ids));
    },
  );

  it.each(
    golden.stringConversations.map(({ messages, ids }, index) => [index, messages, ids] as const),
  )('gives the token ids of a string template, conversation %i', (_, messages, ids) => {
    expect(flatten(buildPrompt(messages, stringTokenizer))).toEqual(ids);
  });

  it('numbers the images in order, and merges the text between them', () => {
    const segments = buildPrompt(
      [user(image, text('a')), assistant('b'), user(image, text('c'))],
      tokenizer,
    );

    expect(segments.map((segment) => (segment.kind === 'text' ? 'text' : segment.index))).toEqual([
      'text',
      0,
      'text',
      1,
      'text',
    ]);
  });

  it('places images in a template for string content', () => {
    const segments = buildPrompt([user(image, text('Què?'))], stringTokenizer);

    expect(segments.map(({ kind }) => kind)).toEqual(['text', 'image', 'text']);
  });

  it('keeps the order of the template within a message, and numbers videos separately', () => {
    const segments = buildPrompt(
      [user(video, text('a'), image, video), assistant('b'), user(text('c'), video, image)],
      tokenizer,
    );

    expect(kindsOf(segments)).toEqual([
      ...['image 0', 'video 0', 'video 1'],
      ...['image 1', 'video 2'],
    ]);
    expect(segments.map(({ kind }) => kind).at(-1)).toBe('text');
  });

  it('accepts text without media, and a system message', () => {
    const segments = buildPrompt(
      [{ role: 'system', content: [text('Be brief.')] }, user(text('Hola'))],
      tokenizer,
    );

    expect(segments.map(({ kind }) => kind)).toEqual(['text']);
  });

  it('places videos in a template for string content', () => {
    const segments = buildPrompt([user(video, text('Què?'))], stringTokenizer);

    expect(kindsOf(segments)).toEqual(['video 0']);
  });

  it('rejects a video that the template drops', async () => {
    const drops = await withTemplate('{{ messages[0].content[-1].text }}');

    expect(() => buildPrompt([user(video, text('a'))], drops)).toThrow(
      expect.objectContaining({
        code: 'INVALID_REQUEST',
        details: { clips: 1, placed: 0 },
      }) as Error,
    );
  });

  it('rejects messages that the template rejects', () => {
    expect(() => buildPrompt([user(text('a')), user(text('b'))], stringTokenizer)).toThrow(
      failsWith('INVALID_REQUEST'),
    );
  });

  it.each<[string, ChatMessage[]]>([
    ['no message', []],
    ['an answer at the end', [user(text('a')), assistant('b')]],
  ])('rejects %s', (_, messages) => {
    expect(() => buildPrompt(messages, tokenizer)).toThrow(failsWith('INVALID_REQUEST'));
  });

  it('rejects images that the template drops or doubles', async () => {
    const drops = await withTemplate('{{ messages[0].content[-1].text }}');
    const doubles = await withTemplate('<image><image>{{ messages[0].content[-1].text }}');

    for (const made of [drops, doubles]) {
      expect(() => buildPrompt([user(image, text('a'))], made)).toThrow(
        failsWith('INVALID_REQUEST'),
      );
    }
  });

  it('gives variables of the client to the template, as plain text', async () => {
    const made = await withTemplate(
      '{{ date_string | default("no date") }}{% if thinks %}!{% endif %}{{ messages[0].content[-1].text }}',
    );
    const idsOf = (value: string) => [
      ...made.prefixIds,
      ...made.encode(TaintedText.fromUser(value)),
    ];
    const build = (variables?: TemplateVariables) =>
      flatten(buildPrompt([user(text('a'))], made, variables));

    expect(build()).toEqual(idsOf('no datea'));
    expect(build({ date_string: 'Dilluns', thinks: true })).toEqual(idsOf('Dilluns!a'));
    expect(build({ date_string: '<image>' })).not.toContain(IMAGE_ID);
  });

  it('rejects a template that renders no text', async () => {
    await expect(withTemplate('hello')).rejects.toThrow(
      'the chat template cannot be used: "it does not print the text of a user"',
    );
  });

  it('rejects a conversation too long to tokenize', () => {
    const long = 'a'.repeat(64 * 1024 + 1);

    expect(() => buildPrompt([user(text(long))], tokenizer)).toThrow(
      failsWith('CONTEXT_LENGTH_EXCEEDED'),
    );
  });

  it('accepts a single word of the maximum length', () => {
    const [segment] = buildPrompt([user(text('ab'.repeat(32 * 1024)))], tokenizer);

    expect(segment?.kind).toBe('text');
  });
});

function assistant(value: string): ChatMessage {
  return { role: 'assistant', content: [text(value)] };
}
