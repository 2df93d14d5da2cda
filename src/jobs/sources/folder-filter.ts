import picomatch from 'picomatch';

import { SalamandraError } from '../../errors/salamandra-error.js';
import type { FolderSpec } from './source.js';

/** Characters of a pattern. The time of a match can grow with a power of the number of wildcards. */
const MAX_PATTERN_CHARACTERS = 256;

export interface FolderFilter {
  /** @param path relative to the folder of the source, with slashes. */
  readonly includesFile: (path: string) => boolean;
  /** Whether files below the folder may be included. */
  readonly entersFolder: (path: string) => boolean;
}

/** @throws INVALID_PARAMETER for a pattern that is too long or cannot be compiled */
export function createFolderFilter({ include, exclude }: FolderSpec): FolderFilter {
  const included = include === undefined ? () => true : matchAny(include);
  const excluded = exclude === undefined ? () => false : matchAny(exclude);
  return {
    includesFile: (path) => included(path) && !excluded(path),
    entersFolder: (path) => !excluded(path),
  };
}

function matchAny(patterns: readonly string[]): (path: string) => boolean {
  const matchers = patterns.map(compile);
  return (path) => matchers.some((matches) => matches(path));
}

function compile(pattern: string): (path: string) => boolean {
  const text = pattern.replace(/^\.?\//, '').replace(/\/$/, '');
  if (text === '' || text.length > MAX_PATTERN_CHARACTERS) {
    throw invalidPattern(
      pattern,
      `A pattern has 1 to ${MAX_PATTERN_CHARACTERS} characters and is relative to the folder.`,
    );
  }
  // Nested groups can take exponential time, and no archive needs them.
  const options = { nocase: true, noextglob: true, basename: !text.includes('/') };
  try {
    const matches = picomatch(text, options);
    return (path) => matches(path);
  } catch {
    throw invalidPattern(pattern, 'Check its brackets.');
  }
}

function invalidPattern(pattern: string, rule: string): SalamandraError {
  return new SalamandraError(
    'INVALID_PARAMETER',
    `The pattern ${JSON.stringify(pattern.slice(0, 80))} is not valid. ${rule}`,
  );
}
