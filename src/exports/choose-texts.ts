import type { ReviewedItem, ReviewedText } from '../review/reviewed-items.js';
import type { TextChoice } from './export-format.js';

/**
 * The texts of an item that are exported. Empty texts are not.
 *
 * @param rejected `kept` by formats that tell the state of each text, `dropped` by all others.
 */
export function chooseTexts(
  { texts }: Pick<ReviewedItem, 'texts'>,
  { reviewedOnly, languages, kinds }: TextChoice,
  rejected: 'kept' | 'dropped' = 'dropped',
): ReviewedText[] {
  return texts.filter(({ text, language, kind, review }) => {
    if (text.trim() === '') return false;
    if (languages && !languages.includes(language)) return false;
    if (kinds && !kinds.includes(kind)) return false;
    if (reviewedOnly) return review === 'accepted' || review === 'edited';
    return review !== 'rejected' || rejected === 'kept';
  });
}

/** The rejected texts among those that the choice of languages and kinds contains. */
export function rejectedTexts(
  { texts }: Pick<ReviewedItem, 'texts'>,
  choice: TextChoice,
): ReviewedText[] {
  const all = chooseTexts({ texts }, { ...choice, reviewedOnly: false }, 'kept');
  return all.filter(({ review }) => review === 'rejected');
}
