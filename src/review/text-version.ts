import { createHash } from 'node:crypto';

import type { ReviewedText } from '../jobs/current-texts.js';

/** What an export knew about a text. */
export interface TextVersion {
  readonly revisions: number;
  /** `textHash` of the text; undefined if the file has the number alone. */
  readonly textHash?: string;
}

const HASH_CHARACTERS = 8;
const VERSION = new RegExp(`^v?(\\d{1,9})(?:-([\\da-f]{${HASH_CHARACTERS}}))?$`);

/**
 * Names the decisions about a text and the text itself, for the column `revision` of an export: `v2-1a2b3c4d`. An
 * import tells by it whether someone decided since the export, and whether a person changed the text in the file.
 */
export function textVersion({ revisions, text }: ReviewedText): string {
  return `v${revisions}-${textHash(text)}`;
}

/** @returns undefined for a text that is no version. */
export function parseVersion(text: string): TextVersion | undefined {
  const [, revisions, hash] = VERSION.exec(text.trim()) ?? [];
  if (revisions === undefined) return undefined;
  return { revisions: Number(revisions), ...(hash !== undefined && { textHash: hash }) };
}

/** Start of the SHA-256 of a text, whichever line breaks a spreadsheet gives it. */
export function textHash(text: string): string {
  const hash = createHash('sha256').update(text.replace(/\r\n?/g, '\n'));
  return hash.digest('hex').slice(0, HASH_CHARACTERS);
}
