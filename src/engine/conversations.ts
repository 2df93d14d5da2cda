import {
  captionInstruction,
  videoInstruction,
  questionInstruction,
} from '../language/caption-instructions.js';
import type { ChatMessage, ChatPart } from '../language/chat-template.js';
import { type CaptionKind, type Language, resolveLanguage } from '../language/languages.js';
import type { MediaKind } from '../media/signatures.js';

/** An earlier turn of a conversation. */
export interface EarlierTurn {
  readonly role: 'user' | 'assistant';
  readonly text: string;
}

/** Media of a question in the request's order, and the earlier turns, oldest first. */
export interface QuestionContext {
  readonly shown: readonly MediaKind[];
  readonly history?: readonly EarlierTurn[];
}

/** The prompt for one text about an image or video. The caption of a video describes the action. */
export function captionConversation(
  kind: CaptionKind,
  language: Language,
  shown: MediaKind = 'image',
  hint?: string,
): ChatMessage[] {
  const isClipCaption = shown === 'video' && kind === 'caption';
  const text = isClipCaption
    ? videoInstruction(language, hint)
    : captionInstruction(kind, language, hint);
  return converse([{ role: 'user', text }], [shown]);
}

/**
 * The prompt for a question. The first turn references the media. Every user turn asks for the language, exactly as it
 * did when it was the last turn, so that the prefix cache applies.
 */
export function questionConversation(
  question: string,
  language: Language,
  { shown, history = [] }: QuestionContext = { shown: ['image'] },
): ChatMessage[] {
  const turns = [...history, { role: 'user' as const, text: question }].map(({ role, text }) => ({
    role,
    text: role === 'user' ? questionInstruction(text, language) : text,
  }));
  return converse(turns, shown);
}

/**
 * The languages of BCP 47 tags without duplicates, in order.
 *
 * @param offered codes of the model's languages.
 * @throws INVALID_PARAMETER
 */
export function resolveLanguages(tags: readonly string[], offered: readonly string[]): Language[] {
  return [...new Set(tags.map((tag) => resolveLanguage(tag, offered)))];
}

function converse(turns: readonly EarlierTurn[], shown: readonly MediaKind[]): ChatMessage[] {
  return turns.map(({ role, text }, index) => {
    const media = index === 0 ? shown.map((type): ChatPart => ({ type })) : [];
    return { role, content: [...media, { type: 'text', text }] };
  });
}
