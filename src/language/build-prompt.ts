import { MAX_CONVERSATION_BYTES } from '../config/limits.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { type ChatMessage, renderChat } from './chat-template.js';
import type { Tokenizer } from './tokenizer.js';

/** A piece of a prompt: token ids, or the place of the picture or clip with this number among its kind, from 0. */
export type PromptSegment = { readonly kind: 'text'; readonly ids: readonly number[] } | MediaChunk;

/** Something for each picture and something for each clip, each kind in the order it was sent. */
export interface ByKind<T> {
  readonly image: readonly T[];
  readonly video: readonly T[];
}

interface MediaChunk {
  readonly kind: 'image' | 'video';
  readonly index: number;
}

/**
 * Turns a conversation into what the decoder reads. For honest text the ids are those of Hugging Face's
 * `AutoProcessor.apply_chat_template(tokenize=True, add_generation_prompt=True)` with each run of placeholder ids as
 * one chunk. Text that spells a control token is encoded as the letters it is made of.
 *
 * @throws INVALID_REQUEST for an empty conversation, one that does not end with the user, one the template refuses,
 *   and one whose pictures and clips the template does not place exactly once each.
 * @throws CONTEXT_LENGTH_EXCEEDED for more text than any context holds, before any of it is tokenised.
 */
export function buildPrompt(
  messages: readonly ChatMessage[],
  tokenizer: Tokenizer,
): PromptSegment[] {
  checkConversation(messages);
  const segments = renderChat(messages, tokenizer);
  const [first] = segments;
  // Hugging Face's rule: a template that writes the beginning of the sequence itself gets nothing added.
  const isComplete = first?.kind === 'control' && first.token.content === tokenizer.bosToken;

  const prompt = createPromptWriter();
  if (!isComplete) prompt.writeIds(tokenizer.prefixIds);
  for (const segment of segments) {
    if (segment.kind === 'text') prompt.writeIds(encodeUserText(segment.text, tokenizer));
    else if (segment.token.content === tokenizer.imageToken) prompt.writeMedia('image');
    else if (segment.token.content === tokenizer.videoToken) prompt.writeMedia('video');
    else prompt.writeIds([segment.token.id]);
  }
  if (!isComplete) prompt.writeIds(tokenizer.suffixIds);

  checkPlaces(messages, prompt.chunks);
  return prompt.chunks;
}

/**
 * Turns the beginning of a text into what the decoder reads: the ids of Hugging Face's `tokenizer(text)`, without those
 * that end a text. Text that spells a control token is encoded as the letters it is made of.
 *
 * @throws INVALID_REQUEST for a text without any id.
 * @throws CONTEXT_LENGTH_EXCEEDED for more text than any context holds, before any of it is tokenised.
 */
export function buildRawPrompt(text: string, tokenizer: Tokenizer): PromptSegment[] {
  checkBytes([text]);
  const ids = [...tokenizer.prefixIds, ...encodeUserText(text, tokenizer)];
  if (ids.length === 0) throw new SalamandraError('INVALID_REQUEST', 'The prompt is empty.');
  return [{ kind: 'text', ids }];
}

/** @throws INVALID_REQUEST where the template left out or doubled a picture or a clip. */
function checkPlaces(messages: readonly ChatMessage[], chunks: readonly PromptSegment[]): void {
  for (const kind of ['image', 'video'] as const) {
    const parts = messages.flatMap(({ content }) => content.filter(({ type }) => type === kind));
    const placed = chunks.filter((chunk) => chunk.kind === kind).length;
    if (placed === parts.length) continue;
    const name = kind === 'image' ? 'pictures' : 'clips';
    throw new SalamandraError('INVALID_REQUEST', `The model takes no ${name} in these messages.`, {
      details: { [name]: parts.length, placed },
    });
  }
}

function createPromptWriter() {
  const chunks: PromptSegment[] = [];
  let text: number[] | undefined;
  const written = { image: 0, video: 0 };
  return {
    chunks,
    writeIds(ids: readonly number[]) {
      if (ids.length === 0) return;
      if (!text) {
        text = [];
        chunks.push({ kind: 'text', ids: text });
      }
      for (const id of ids) text.push(id);
    },
    writeMedia(kind: MediaChunk['kind']) {
      text = undefined;
      chunks.push({ kind, index: written[kind] });
      written[kind] += 1;
    },
  };
}

function encodeUserText(text: string, tokenizer: Tokenizer): number[] {
  const ids = tokenizer.encodeText(text);
  // Unreachable by construction; checked because a control token in here would be prompt injection.
  if (ids.some((id) => tokenizer.unsafeIds.has(id))) {
    throw new SalamandraError('INTERNAL', 'The text could not be encoded.');
  }
  return ids;
}

function checkConversation(messages: readonly ChatMessage[]): void {
  if (messages.at(-1)?.role !== 'user') {
    throw new SalamandraError(
      'INVALID_REQUEST',
      'A conversation must end with a message of the user.',
    );
  }
  const parts = messages.flatMap(({ content }) => content);
  checkBytes(parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])));
}

function checkBytes(texts: readonly string[]): void {
  const bytes = texts.reduce((total, text) => total + Buffer.byteLength(text), 0);
  if (bytes <= MAX_CONVERSATION_BYTES) return;
  throw new SalamandraError('CONTEXT_LENGTH_EXCEEDED', 'The conversation is too long.', {
    details: { bytes, maxBytes: MAX_CONVERSATION_BYTES },
  });
}
