import { captionInstruction, questionInstruction } from '../language/caption-instructions.js';
import type { ChatMessage } from '../language/chat-template.js';
import { type CaptionKind, type Language, resolveLanguage } from '../language/languages.js';

/** The conversation that asks for a text about one picture. */
export function captionConversation(kind: CaptionKind, language: Language): ChatMessage[] {
  return askAboutImage(captionInstruction(kind, language));
}

/** The conversation that asks a free question about one picture. */
export function questionConversation(question: string, language: Language): ChatMessage[] {
  return askAboutImage(questionInstruction(question, language));
}

/** The languages of several tags, each once, in the order of their first tag. @throws INVALID_PARAMETER */
export function resolveLanguages(tags: readonly string[]): Language[] {
  return [...new Set(tags.map(resolveLanguage))];
}

function askAboutImage(text: string): ChatMessage[] {
  return [{ role: 'user', content: [{ type: 'image' }, { type: 'text', text }] }];
}
