import { createHash } from 'node:crypto';

import { SalamandraError } from '../../errors/salamandra-error.js';

/** The owner of the Salamandra models on Hugging Face; it may be left out of their names. */
const FAMILY_OWNER = 'BSC-LT';

/** Names of the family that need no owner. */
const FAMILY_NAME = /^(?:salamandra|alia)/i;

/** What people call the models. A size alone is the one that answers; `-base` continues a text. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['2b', 'salamandra-2b-instruct'],
  ['2b-base', 'salamandra-2b'],
  ['7b', 'salamandra-7b-instruct'],
  ['7b-base', 'salamandra-7b'],
  ['7b-vision', 'salamandra-7b-vision'],
  ['40b', 'ALIA-40b-instruct'],
  ['40b-base', 'ALIA-40b'],
]);

/** Owner and name as Hugging Face allows them; neither holds two dots or two dashes in a row. */
const REPOSITORY =
  /^(?!.*(?:\.\.|--))[A-Za-z0-9][A-Za-z0-9._-]{0,95}\/[A-Za-z0-9][A-Za-z0-9._-]{0,95}$/;

const MAX_ID = 63;
const HASH_DIGITS = 8;

/**
 * The repository that a name stands for: an alias, a name of the family without its owner, or owner and name.
 *
 * @throws INVALID_PARAMETER when it is none of them.
 */
export function repositoryOf(name: string): string {
  const known = ALIASES.get(name.toLowerCase()) ?? (FAMILY_NAME.test(name) ? name : undefined);
  const repository = known === undefined || known.includes('/') ? name : `${FAMILY_OWNER}/${known}`;
  if (REPOSITORY.test(repository)) return repository;
  throw new SalamandraError(
    'INVALID_PARAMETER',
    `A model on the hub is named OWNER/NAME, or is one of ${[...ALIASES.keys()].join(', ')}.`,
  );
}

/**
 * The id under which the model of a repository is installed: its name in small letters for those of the family,
 * `owner--name` for all others, so that no two repositories share an id.
 *
 * @throws INVALID_PARAMETER when it is no repository's name.
 */
export function packageIdOf(repository: string): string {
  const [owner = '', name = ''] = repository.split('/');
  if (!REPOSITORY.test(repository)) {
    throw new SalamandraError('INVALID_PARAMETER', 'A repository is named OWNER/NAME.');
  }
  const id = (owner === FAMILY_OWNER ? name : `${owner}--${name}`).toLowerCase();
  if (id.length <= MAX_ID) return id;
  const hash = createHash('sha256').update(repository).digest('hex').slice(0, HASH_DIGITS);
  return `${id.slice(0, MAX_ID - HASH_DIGITS - 1).replace(/[.]+$/, '')}-${hash}`;
}

/** The id that a name means: that of a repository, an alias or a model of the family, or itself. */
export function modelIdOf(name: string): string {
  const isHubName = name.includes('/') || ALIASES.has(name.toLowerCase()) || FAMILY_NAME.test(name);
  return isHubName ? packageIdOf(repositoryOf(name)) : name;
}
