import { MAX_IDENTIFIER_BYTES } from '../../config/source-limits.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { escapeFileName } from '../sources/file-names.js';
import { isHiddenName, judgeFileName, SKIP_REASONS } from '../sources/media-names.js';
import { storableText } from '../storable-text.js';

/**
 * The identifier of an uploaded file: its path relative to the folder that the client sends, `album/photo.jpg`. It is
 * never the path of a file of this machine, but exports name files by it.
 *
 * @throws INVALID_PARAMETER for an absolute path and one that leads out of its folder; UNSUPPORTED_MEDIA_TYPE for
 *   hidden files, sidecars and other files that are not captioned.
 */
export function toIdentifier(filename: string): string {
  const path = storableText(filename)
    .replaceAll('\\', '/')
    .replace(/^(\.\/)+/, '');
  const names = path.split('/');
  if (names.some((name) => name === '' || name === '.' || name === '..') || /^[a-z]:/i.test(path)) {
    throw invalidName(
      'must be a relative path without "..", such as album/photo.jpg, with a name at its end.',
    );
  }
  const identifier = escapeFileName(Buffer.from(path));
  const bytes = Buffer.byteLength(identifier);
  if (bytes > MAX_IDENTIFIER_BYTES) {
    throw invalidName(`has ${bytes} bytes, and the limit is ${MAX_IDENTIFIER_BYTES}.`);
  }
  if (names.some(isHiddenName)) throw notMedia(SKIP_REASONS.HIDDEN);
  const judgement = judgeFileName(names.at(-1) ?? '');
  if (judgement !== 'media' && judgement !== 'unknown') throw notMedia(SKIP_REASONS[judgement]);
  return identifier;
}

function invalidName(rule: string): SalamandraError {
  return new SalamandraError('INVALID_PARAMETER', `"filename" in Upload-Metadata ${rule}`, {
    details: { parameter: 'filename' },
  });
}

function notMedia(reason: string): SalamandraError {
  return new SalamandraError('UNSUPPORTED_MEDIA_TYPE', `The file is not captioned. ${reason}`);
}
