import { MAX_CONVERSATION_BYTES } from '../config/limits.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { type ChatMessage, renderChat } from './chat-template.js';
import type { Tokenizer } from './tokenizer.js';

/** A segment of a prompt: token ids, or the position of an image or video. */
export type PromptSegment =
  { readonly kind: 'text'; readonly ids: readonly number[] } | MediaPlaceholder;

/** One value per image and one per video of a request, each in the order of the request. */
export interface ByKind<T> {
  readonly image: readonly T[];
  readonly video: readonly T[];
}

interface MediaPlaceholder {
  readonly kind: 'image' | 'video';
  /** Counts images and videos separately, from 0. */
  readonly index: number;
}

/**
 * Renders a conversation with the chat template and tokenizes it. The token ids equal Hugging Face's
 * `AutoProcessor.apply_chat_template(tokenize=True, add_generation_prompt=True)`, with each run of placeholder ids as
 * one media segment. One difference: user text that spells a control token is encoded as plain characters, which
 * prevents prompt injection.
 *
 * @throws INVALID_REQUEST if the last message is not the user's, if the template rejects the messages, or if it does
 *   not place every image and video exactly once
 * @throws CONTEXT_LENGTH_EXCEEDED above MAX_CONVERSATION_BYTES, before tokenizing
 */
export function buildPrompt(
  messages: readonly ChatMessage[],
  tokenizer: Tokenizer,
): PromptSegment[] {
  checkConversation(messages);
  const segments = renderChat(messages, tokenizer);
  const [first] = segments;
  // As in transformers: if the template emits the beginning-of-sequence token, the tokenizer adds no special tokens.
  const isComplete = first?.kind === 'control' && first.token.content === tokenizer.bosToken;

  const builder = createPromptBuilder();
  if (!isComplete) builder.addIds(tokenizer.prefixIds);
  for (const segment of segments) {
    if (segment.kind === 'text') builder.addIds(encodeUserText(segment.text, tokenizer));
    else if (segment.token.content === tokenizer.imageToken) builder.addMedia('image');
    else if (segment.token.content === tokenizer.videoToken) builder.addMedia('video');
    else builder.addIds([segment.token.id]);
  }
  if (!isComplete) builder.addIds(tokenizer.suffixIds);

  assertEachMediaPlacedOnce(messages, builder.segments);
  return builder.segments;
}

/**
 * Tokenizes a text for completion, without a chat template. The token ids equal Hugging Face's `tokenizer(text)`
 * without the special tokens after the text. Text that spells a control token is encoded as plain characters.
 *
 * @throws INVALID_REQUEST if the text has no tokens
 * @throws CONTEXT_LENGTH_EXCEEDED above MAX_CONVERSATION_BYTES, before tokenizing
 */
export function buildRawPrompt(text: string, tokenizer: Tokenizer): PromptSegment[] {
  checkBytes([text]);
  const ids = [...tokenizer.prefixIds, ...encodeUserText(text, tokenizer)];
  if (ids.length === 0)
    throw new SalamandraError(
      'INVALID_REQUEST',
      'The prompt has no tokens. Send a text of at least one character.',
    );
  return [{ kind: 'text', ids }];
}

/** @throws INVALID_REQUEST if the template dropped or repeated an image or a video */
function assertEachMediaPlacedOnce(
  messages: readonly ChatMessage[],
  segments: readonly PromptSegment[],
): void {
  for (const kind of ['image', 'video'] as const) {
    const parts = messages.flatMap(({ content }) => content.filter(({ type }) => type === kind));
    const placed = segments.filter((segment) => segment.kind === kind).length;
    if (placed === parts.length) continue;
    throw new SalamandraError(
      'INVALID_REQUEST',
      `The chat template places ${placed} of the ${parts.length} ${kind}s of the messages. Move the ${kind}s to user messages.`,
      { details: { [kind === 'image' ? 'pictures' : 'clips']: parts.length, placed } },
    );
  }
}

function createPromptBuilder() {
  const segments: PromptSegment[] = [];
  let textIds: number[] | undefined;
  const count = { image: 0, video: 0 };
  return {
    segments,
    addIds(ids: readonly number[]) {
      if (ids.length === 0) return;
      if (!textIds) {
        textIds = [];
        segments.push({ kind: 'text', ids: textIds });
      }
      for (const id of ids) textIds.push(id);
    },
    addMedia(kind: MediaPlaceholder['kind']) {
      textIds = undefined;
      segments.push({ kind, index: count[kind] });
      count[kind] += 1;
    },
  };
}

function encodeUserText(text: string, tokenizer: Tokenizer): number[] {
  const ids = tokenizer.encodeText(text);
  // The plain tokenizer cannot produce control tokens. Checked anyway, because one would be a prompt injection.
  if (ids.some((id) => tokenizer.unsafeIds.has(id))) {
    throw new SalamandraError('INTERNAL', 'Tokenizing the text produced a control token.');
  }
  return ids;
}

function checkConversation(messages: readonly ChatMessage[]): void {
  if (messages.at(-1)?.role !== 'user') {
    throw new SalamandraError(
      'INVALID_REQUEST',
      'The last message of a conversation must have the role "user".',
    );
  }
  const parts = messages.flatMap(({ content }) => content);
  checkBytes(parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])));
}

function checkBytes(texts: readonly string[]): void {
  const bytes = texts.reduce((total, text) => total + Buffer.byteLength(text), 0);
  if (bytes <= MAX_CONVERSATION_BYTES) return;
  throw new SalamandraError(
    'CONTEXT_LENGTH_EXCEEDED',
    `The text has ${bytes} bytes (UTF-8). The limit for all texts of a prompt is ${MAX_CONVERSATION_BYTES} bytes. Shorten the prompt or the history.`,
    { details: { bytes, maxBytes: MAX_CONVERSATION_BYTES } },
  );
}
