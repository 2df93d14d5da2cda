import { type CaptionKind, type Language, languageEntry } from './languages.js';

/**
 * The user message that asks for a text about a picture: the request and the wish for the language, both written in
 * that language, because a request in the target language is what keeps a small model from answering in English.
 */
export function captionInstruction(kind: CaptionKind, language: Language): string {
  return instruction(kind, language);
}

/** The user message that asks what happens in a clip, likewise. */
export function clipInstruction(language: Language): string {
  return instruction('clip', language);
}

function instruction(kind: CaptionKind | 'clip', language: Language): string {
  const { instructions, answerIn } = languageEntry(language);
  const request = instructions[kind][0];
  if (request === undefined) throw new RangeError(`No instruction for ${kind}.`);
  return `${request} ${answerIn}`;
}

/** The user message for a free question: the caller's words, then the wish for the language of the answer. */
export function questionInstruction(question: string, language: Language): string {
  return `${question} ${languageEntry(language).answerIn}`;
}
