import { MAX_CONVERSATION_BYTES } from '../config/limits.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { type ChatMessage, type TemplateVariables, noChatTemplate } from './chat-template.js';
import { TaintedText } from './tainted-text.js';
import type { MediaTokenIds, Tokenizer } from './tokenizer.js';

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
 * `apply_chat_template(tokenize=True, add_generation_prompt=True)`: that of `AutoProcessor` for models with a vision
 * encoder, with each run of placeholder ids as one media segment, and that of `AutoTokenizer` for text models. One
 * difference: user text that spells a control token is encoded as plain characters, which prevents prompt injection.
 *
 * @throws INVALID_REQUEST if the last message is not the user's, if the template rejects the messages, or if it does
 *   not place every image and video exactly once
 * @throws CONTEXT_LENGTH_EXCEEDED above MAX_CONVERSATION_BYTES, before tokenizing
 */
export function buildPrompt(
  messages: readonly ChatMessage[],
  tokenizer: Tokenizer,
  variables: TemplateVariables = {},
): PromptSegment[] {
  checkConversation(messages);
  const { chatTemplate, prefixIds, suffixIds } = tokenizer;
  if (!chatTemplate) throw noChatTemplate();
  const rendered = chatTemplate.render(messages, variables);
  const ids = tokenizer.encode(rendered);
  const segments = splitAtMedia(
    addsSpecialTokens(rendered, tokenizer) ? [...prefixIds, ...ids, ...suffixIds] : ids,
    tokenizer.media,
  );
  assertEachMediaPlacedOnce(messages, segments);
  return segments;
}

/**
 * Whether the post-processor's tokens are added to a rendered conversation. The tokenizer of a text model never adds
 * them, because templates write them. The processor of a vision model does, unless the template begins with the
 * beginning-of-sequence token.
 */
function addsSpecialTokens(rendered: TaintedText, { media, specialTokens }: Tokenizer): boolean {
  if (media === null) return false;
  const bos = specialTokens['bos_token'];
  if (bos === undefined) return true;
  return !(rendered.text.startsWith(bos) && rendered.isFromTemplate(0, bos.length));
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
  const ids = [...tokenizer.prefixIds, ...tokenizer.encode(TaintedText.fromUser(text))];
  if (ids.length === 0)
    throw new SalamandraError(
      'INVALID_REQUEST',
      'The prompt has no tokens. Send a text of at least one character.',
    );
  return [{ kind: 'text', ids }];
}

/**
 * The prompt of given token ids, to which the tokenizer adds none.
 *
 * @throws INVALID_PARAMETER for the placeholder of an image or video, which stands for media that a raw prompt lacks
 */
export function buildTokenPrompt(ids: readonly number[], tokenizer: Tokenizer): PromptSegment[] {
  const { media } = tokenizer;
  const placeholder = ids.find((id) => id === media?.image || id === media?.video);
  if (placeholder !== undefined)
    throw new SalamandraError(
      'INVALID_PARAMETER',
      `The prompt has the token id ${placeholder}, which stands for an image or video. A prompt of token ids has no media: remove the id.`,
    );
  return [{ kind: 'text', ids: [...ids] }];
}

function splitAtMedia(ids: readonly number[], media: MediaTokenIds | null): PromptSegment[] {
  const segments: PromptSegment[] = [];
  const count = { image: 0, video: 0 };
  let text: number[] | undefined;
  for (const id of ids) {
    const kind = id === media?.image ? 'image' : id === media?.video ? 'video' : null;
    if (kind !== null) {
      segments.push({ kind, index: count[kind] });
      count[kind] += 1;
      text = undefined;
      continue;
    }
    if (!text) {
      text = [];
      segments.push({ kind: 'text', ids: text });
    }
    text.push(id);
  }
  return segments;
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
