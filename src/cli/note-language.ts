import { languageCheckJson } from '../language/check/language-check-json.js';
import type { Language } from '../language/languages.js';
import type { Terminal } from './terminal.js';

/** Says on standard error that a text is not in the language that was asked for. */
export function noteLanguage(
  text: string,
  { code }: Language,
  terminal: Pick<Terminal, 'note'>,
  subject?: string,
): void {
  const check = languageCheckJson(text, code);
  if (check?.result !== 'other') return;
  const part = check.mixed ? 'a part of the text' : 'the text';
  const found = check.looks_like === null ? '' : ` It looks like "${check.looks_like}".`;
  const name = subject === undefined ? '' : `${subject}: `;
  terminal.note(`${name}Wrong language: ${part} is not in "${code}".${found}`);
}
