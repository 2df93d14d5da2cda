import { readFile } from 'node:fs/promises';

import { buildPrompt, type PromptSegment } from './build-prompt.js';
import type { ChatMessage, ChatPart } from './chat-template.js';
import { type Tokenizer, createTokenizer, loadTokenizer } from './tokenizer.js';

const FIXTURE = 'test/golden/tokenizer';
const IMAGE_ID = 6;

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
  return createTokenizer(
    await read('tokenizer.json'),
    await read('tokenizer_config.json'),
    template,
  );
}

const golden = JSON.parse(await readFile(`${FIXTURE}/golden.json`, 'utf8')) as Golden;
const tokenizer = await loadTokenizer(FIXTURE);
const stringTokenizer = await withTemplate(
  await readFile(`${FIXTURE}/string-template.jinja`, 'utf8'),
);

/** Ids with one image id for each picture, whether they come from chunks or from a processor that expanded them. */
function flatten(chunks: PromptSegment[]): number[] {
  return chunks.flatMap((chunk) => (chunk.kind === 'text' ? [...chunk.ids] : [IMAGE_ID]));
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
const kindsOf = (chunks: PromptSegment[]) =>
  chunks.flatMap((chunk) => (chunk.kind === 'text' ? [] : [`${chunk.kind} ${chunk.index}`]));
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
  )('gives the ids of a template for plain text, conversation %i', (_, messages, ids) => {
    expect(flatten(buildPrompt(messages, stringTokenizer))).toEqual(ids);
  });

  it('numbers the pictures in the order sent, and merges the text between them', () => {
    const chunks = buildPrompt(
      [user(image, text('a')), assistant('b'), user(image, text('c'))],
      tokenizer,
    );

    expect(chunks.map((chunk) => (chunk.kind === 'text' ? 'text' : chunk.index))).toEqual([
      'text',
      0,
      'text',
      1,
      'text',
    ]);
  });

  it('writes pictures into a template that knows text alone', () => {
    const chunks = buildPrompt([user(image, text('Què?'))], stringTokenizer);

    expect(chunks.map(({ kind }) => kind)).toEqual(['text', 'image', 'text']);
  });

  it('leaves the order within a message to the template, and numbers clips by themselves', () => {
    const chunks = buildPrompt(
      [user(video, text('a'), image, video), assistant('b'), user(text('c'), video, image)],
      tokenizer,
    );

    expect(kindsOf(chunks)).toEqual([
      ...['image 0', 'video 0', 'video 1'],
      ...['image 1', 'video 2'],
    ]);
    expect(chunks.map(({ kind }) => kind).at(-1)).toBe('text');
  });

  it('takes text alone, and a system message before it', () => {
    const chunks = buildPrompt(
      [{ role: 'system', content: [text('Be brief.')] }, user(text('Hola'))],
      tokenizer,
    );

    expect(chunks.map(({ kind }) => kind)).toEqual(['text']);
  });

  it('writes clips into a template that knows text alone', () => {
    const chunks = buildPrompt([user(video, text('Què?'))], stringTokenizer);

    expect(kindsOf(chunks)).toEqual(['video 0']);
  });

  it('refuses a clip that the template drops', async () => {
    const drops = await withTemplate('{{ messages[0].content[-1].text }}');

    expect(() => buildPrompt([user(video, text('a'))], drops)).toThrow(
      expect.objectContaining({
        code: 'INVALID_REQUEST',
        details: { clips: 1, placed: 0 },
      }) as Error,
    );
  });

  it('refuses what the template refuses', () => {
    expect(() => buildPrompt([user(text('a')), user(text('b'))], stringTokenizer)).toThrow(
      failsWith('INVALID_REQUEST'),
    );
  });

  it.each<[string, ChatMessage[]]>([
    ['no message', []],
    ['an answer at the end', [user(text('a')), assistant('b')]],
  ])('refuses %s', (_, messages) => {
    expect(() => buildPrompt(messages, tokenizer)).toThrow(failsWith('INVALID_REQUEST'));
  });

  it('refuses pictures that the template drops or doubles', async () => {
    const drops = await withTemplate('{{ messages[0].content[-1].text }}');
    const doubles = await withTemplate('<image><image>{{ messages[0].content[-1].text }}');

    for (const made of [drops, doubles]) {
      expect(() => buildPrompt([user(image, text('a'))], made)).toThrow(
        failsWith('INVALID_REQUEST'),
      );
    }
  });

  it('refuses a template that renders no text', async () => {
    const empty = await withTemplate('hello');

    expect(() => buildPrompt([user(text('a'))], empty)).toThrow(failsWith('MODEL_INVALID'));
  });

  it('refuses a conversation too long to tokenise', () => {
    const long = 'a'.repeat(64 * 1024 + 1);

    expect(() => buildPrompt([user(text(long))], tokenizer)).toThrow(
      failsWith('CONTEXT_LENGTH_EXCEEDED'),
    );
  });

  it('takes one word as long as the limit', () => {
    const [chunk] = buildPrompt([user(text('ab'.repeat(32 * 1024)))], tokenizer);

    expect(chunk?.kind).toBe('text');
  });
});

function assistant(value: string): ChatMessage {
  return { role: 'assistant', content: [text(value)] };
}
