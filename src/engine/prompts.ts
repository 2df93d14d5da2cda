import { alignToKernelRows, MIN_UNCACHED_TOKENS } from '../decoder/prefill-chunks.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import {
  buildPrompt,
  buildRawPrompt,
  buildTokenPrompt,
  type ByKind,
  type PromptSegment,
} from '../language/build-prompt.js';
import type { TemplateVariables } from '../language/chat-template.js';
import type { TextPosition } from '../language/token-decoders.js';
import type { Tokenizer } from '../language/tokenizer.js';
import type { Conversation, RequestMedia } from './vision-language-engine.js';

type MediaSegment = Exclude<PromptSegment, { readonly kind: 'text' }>;

/**
 * Tokenizes a conversation with the chat template, or a raw text without one.
 *
 * @throws INVALID_REQUEST, CONTEXT_LENGTH_EXCEEDED
 */
export function buildRequestPrompt(
  conversation: Conversation,
  tokenizer: Tokenizer,
  variables?: TemplateVariables,
): PromptSegment[] {
  if ('rawText' in conversation) return buildRawPrompt(conversation.rawText, tokenizer);
  if ('tokenIds' in conversation) return buildTokenPrompt(conversation.tokenIds, tokenizer);
  return buildPrompt(conversation, tokenizer, variables);
}

/** Whether the answer starts a text, or continues one: decides whether its first token loses a leading space. */
export function answerPosition(conversation: Conversation): TextPosition {
  if ('tokenIds' in conversation) return 'middle';
  return 'rawText' in conversation && conversation.rawText !== '' ? 'middle' : 'start';
}

/** @throws INVALID_PARAMETER unless every conversation references every image and video exactly once. */
export function assertEachMediaReferencedOnce(
  media: readonly RequestMedia[],
  prompts: readonly (readonly PromptSegment[])[],
): void {
  for (const kind of ['image', 'video'] as const) {
    // Prompts number their media from 0, so equal counts mean that each is referenced once.
    const sent = media.filter((item) => item.kind === kind).length;
    const referenced = prompts
      .map((prompt) => prompt.filter((segment) => segment.kind === kind).length)
      .find((count) => count !== sent);
    if (referenced === undefined) continue;
    throw new SalamandraError(
      'INVALID_PARAMETER',
      `A conversation references ${referenced} ${kind}(s), and the request has ${sent}. ` +
        'Each conversation must reference every image and video of the request exactly once.',
      { details: { kind, sent, shown: referenced } },
    );
  }
}

/** The leading part that all prompts of a request have in common. */
export interface CommonPrefix {
  readonly textTokens: number;
  /** The images and videos inside the prefix, in order. */
  readonly media: readonly MediaSegment[];
}

/**
 * The common prefix of prompts over the same media. It excludes the last element of each prompt, because the logits of
 * the first token need a prefill run of their own.
 */
export function findCommonPrefix(prompts: readonly (readonly PromptSegment[])[]): CommonPrefix {
  const [first = [], ...others] = prompts.map(toElements);
  let length = Math.min(first.length, ...others.map((other) => other.length)) - 1;
  for (const other of others) {
    const end = first.findIndex((element, index) => !isSameElement(element, other[index]));
    if (end >= 0) length = Math.min(length, end);
  }
  const prefix = first.slice(0, Math.max(0, length));
  const media = prefix.filter((element) => typeof element !== 'number');
  return { textTokens: prefix.length - media.length, media };
}

/** Positions of a common prefix once its media have become visual tokens. */
export function commonPrefixLength(
  { textTokens, media }: CommonPrefix,
  visualTokens: ByKind<number>,
): number {
  return media.reduce(
    (total, { kind, index }) => total + (visualTokens[kind][index] ?? 0),
    textTokens,
  );
}

/**
 * Positions of a common prefix that are prefilled once for all conversations. The prefix ends at a kernel row boundary
 * and leaves MIN_UNCACHED_TOKENS positions to each prompt. The logits are then bit-equal to those of separate prefills.
 */
export function alignedSharedPrefix(commonLength: number): number {
  return alignToKernelRows(Math.max(0, commonLength + 1 - MIN_UNCACHED_TOKENS));
}

/** UTF-8 bytes of the texts of a conversation. */
export function countTextBytes(conversation: Conversation): number {
  if ('rawText' in conversation) return Buffer.byteLength(conversation.rawText);
  if ('tokenIds' in conversation) return 0;
  const parts = conversation.flatMap(({ content }) => content);
  return parts.reduce(
    (sum, part) => sum + (part.type === 'text' ? Buffer.byteLength(part.text) : 0),
    0,
  );
}

/** Text tokens of a prompt, without its images and videos. */
export function countTextIds(prompt: readonly PromptSegment[]): number {
  return prompt.reduce(
    (sum, segment) => sum + (segment.kind === 'text' ? segment.ids.length : 0),
    0,
  );
}

/** A prompt as token ids, with one element for each image or video. */
function toElements(prompt: readonly PromptSegment[]): (number | MediaSegment)[] {
  return prompt.flatMap((segment): (number | MediaSegment)[] =>
    segment.kind === 'text' ? [...segment.ids] : [segment],
  );
}

function isSameElement(a: number | MediaSegment, b: number | MediaSegment | undefined): boolean {
  if (typeof a === 'number' || typeof b === 'number' || b === undefined) return a === b;
  return a.kind === b.kind && a.index === b.index;
}
