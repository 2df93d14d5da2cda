import { type CaptionKind, type Language, languageEntry } from './languages.js';

/**
 * The user message that asks for a text about an image: the request, then the sentence that asks for the language. Both
 * are in the target language, because small models answer English requests in English.
 *
 * @param hint what a person says about the image, before the request.
 */
export function captionInstruction(kind: CaptionKind, language: Language, hint?: string): string {
  return instruction(kind, language, hint);
}

/** The user message that asks what happens in a video, in the target language. */
export function videoInstruction(language: Language, hint?: string): string {
  return instruction('video', language, hint);
}

function instruction(kind: CaptionKind | 'video', language: Language, hint?: string): string {
  const { instructions, answerIn } = languageEntry(language);
  const request = instructions[kind][0];
  if (request === undefined) throw new RangeError(`No instruction for "${kind}".`);
  return [...(hint === undefined ? [] : [hint]), request, answerIn].join(' ');
}

/** The user message for a free question: the client's text, then the sentence that asks for the language. */
export function questionInstruction(question: string, language: Language): string {
  return `${question} ${languageEntry(language).answerIn}`;
}
