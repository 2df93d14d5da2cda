import { MIN_UNCACHED_TOKENS, alignToKernelRows } from '../decoder/prefill-chunks.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import {
  buildPrompt,
  buildRawPrompt,
  type ByKind,
  type PromptSegment,
} from '../language/build-prompt.js';
import type { TextPosition } from '../language/detokenizer.js';
import type { Tokenizer } from '../language/tokenizer.js';
import type { Conversation, RequestMedia } from './vision-language-engine.js';

/** What the decoder reads of a conversation. @throws INVALID_REQUEST, CONTEXT_LENGTH_EXCEEDED */
export function buildRequestPrompt(
  conversation: Conversation,
  tokenizer: Tokenizer,
): PromptSegment[] {
  return 'rawText' in conversation
    ? buildRawPrompt(conversation.rawText, tokenizer)
    : buildPrompt(conversation, tokenizer);
}

/** Where in a text the answer to a conversation stands. */
export function placeOfAnswer(conversation: Conversation): TextPosition {
  return 'rawText' in conversation && conversation.rawText !== '' ? 'middle' : 'start';
}

/** @throws INVALID_PARAMETER unless every conversation shows every picture and every clip. */
export function assertEachMediaReferencedOnce(
  media: readonly RequestMedia[],
  prompts: readonly (readonly PromptSegment[])[],
): void {
  for (const kind of ['image', 'video'] as const) {
    // A prompt numbers what it shows from 0 on, so equal counts mean that each is shown once.
    const sent = media.filter((one) => one.kind === kind).length;
    const shown = prompts
      .map((prompt) => prompt.filter((chunk) => chunk.kind === kind).length)
      .find((count) => count !== sent);
    if (shown === undefined) continue;
    throw new SalamandraError(
      'INVALID_PARAMETER',
      'A conversation does not show each picture and clip of its request once.',
      { details: { kind, sent, shown } },
    );
  }
}

/**
 * How many positions prompts over the same media have in common from the start. The last position of none is among them:
 * reading it gives the first token.
 *
 * @param prompts one at least.
 */
export function commonPrefixLength(
  prompts: readonly (readonly PromptSegment[])[],
  visualTokens: ByKind<number>,
): number {
  const [first = [], ...others] = prompts.map((chunks) => listPositions(chunks, visualTokens));
  let common = Math.min(first.length, ...others.map(({ length }) => length)) - 1;
  for (const other of others) {
    const end = first.findIndex((mark, position) => mark !== other[position]);
    if (end >= 0) common = Math.min(common, end);
  }
  return common;
}

/**
 * Positions of a common beginning that are read once. They are whole tiles, and leave each prompt `ALWAYS_READ` positions at
 * least: the answers are then, to the last bit, those of prompts that are read apart.
 */
export function alignedSharedPrefix(commonPositions: number): number {
  return alignToKernelRows(Math.max(0, commonPositions + 1 - MIN_UNCACHED_TOKENS));
}

/** A mark for each position: its id, or a negative number that names the picture (odd) or clip (even) it belongs to. */
function listPositions(prompt: readonly PromptSegment[], visualTokens: ByKind<number>): number[] {
  return prompt.flatMap((chunk) => {
    if (chunk.kind === 'text') return chunk.ids;
    const mark = -1 - 2 * chunk.index - (chunk.kind === 'video' ? 1 : 0);
    return new Array<number>(visualTokens[chunk.kind][chunk.index] ?? 0).fill(mark);
  });
}
