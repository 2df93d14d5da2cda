import {
  captionInstruction,
  videoInstruction,
  questionInstruction,
} from '../language/caption-instructions.js';
import type { ChatMessage, ChatPart } from '../language/chat-template.js';
import { type CaptionKind, type Language, resolveLanguage } from '../language/languages.js';
import type { MediaKind } from '../media/sniff-media.js';

/** Something said before, by the caller or by the model. */
export interface EarlierTurn {
  readonly role: 'user' | 'assistant';
  readonly text: string;
}

/** What a question is about: pictures and clips in the request's order, and the turns before it, oldest first. */
export interface QuestionContext {
  readonly shown: readonly MediaKind[];
  readonly history?: readonly EarlierTurn[];
}

/** The conversation that asks for a text about one picture or clip. The caption of a clip says what happens in it. */
export function captionConversation(
  kind: CaptionKind,
  language: Language,
  shown: MediaKind = 'image',
): ChatMessage[] {
  const isClipCaption = shown === 'video' && kind === 'caption';
  const text = isClipCaption ? videoInstruction(language) : captionInstruction(kind, language);
  return converse([{ role: 'user', text }], [shown]);
}

/**
 * The conversation that asks a free question. The media stand in its first turn, also when that is an earlier one. Every
 * turn of the user asks for the language: it is what was said when that turn was the last, so its cache can be kept.
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

/** The languages of several tags, each once, in the order of their first tag. @throws INVALID_PARAMETER */
export function resolveLanguages(tags: readonly string[]): Language[] {
  return [...new Set(tags.map(resolveLanguage))];
}

function converse(turns: readonly EarlierTurn[], shown: readonly MediaKind[]): ChatMessage[] {
  return turns.map(({ role, text }, index) => {
    const media = index === 0 ? shown.map((type): ChatPart => ({ type })) : [];
    return { role, content: [...media, { type: 'text', text }] };
  });
}
