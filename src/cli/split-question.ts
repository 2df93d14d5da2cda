import { existsSync } from 'node:fs';

import { SalamandraError } from '../errors/salamandra-error.js';

/**
 * Parts the words of `ask` into files and the question, which comes last. A last word that is a file on disk is taken for a
 * forgotten question, since its name would be asked otherwise.
 *
 * @throws INVALID_PARAMETER
 */
export function splitQuestion(words: readonly string[]): { files: string[]; questions: string[] } {
  const question = words.at(-1)?.trim() ?? '';
  if (question === '' || existsSync(question)) {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      'There is no question; it comes last, after the files.',
    );
  }
  return { files: words.slice(0, -1), questions: [question] };
}
