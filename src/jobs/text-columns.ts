import { CAPTION_KINDS } from '../language/languages.js';

const KIND = CAPTION_KINDS.join('|');
const FORMS = [
  new RegExp(`^text\\.(?<language>[a-z]{2,3})\\.(?<kind>${KIND})$`, 'i'),
  new RegExp(`^(?<kind>${KIND})@(?<language>[a-z]{2,3})$`, 'i'),
];

/** Language and kind of a column that holds texts: `caption@ca` or `text.ca.caption`. Undefined for other columns. */
export function parseTextColumn(
  name: string,
): { readonly language: string; readonly kind: string } | undefined {
  for (const form of FORMS) {
    const { language, kind } = form.exec(name.trim())?.groups ?? {};
    if (language !== undefined && kind !== undefined) {
      return { language: language.toLowerCase(), kind: kind.toLowerCase() };
    }
  }
  return undefined;
}
