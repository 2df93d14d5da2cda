import { createHash } from 'node:crypto';

import { SalamandraError } from '../../errors/salamandra-error.js';
import { findKnownModel, KNOWN_MODELS } from './known-models.js';

/** Hugging Face owner of the Salamandra models. Optional in their names. */
const FAMILY_OWNER = 'BSC-LT';

/** Names that imply the owner. */
const FAMILY_NAME = /^(?:salamandra|alia)/i;

/** `OWNER/NAME`, the characters that Hugging Face allows; no `..` or `--`. */
const REPOSITORY =
  /^(?!.*(?:\.\.|--))[A-Za-z0-9][A-Za-z0-9._-]{0,95}\/[A-Za-z0-9][A-Za-z0-9._-]{0,95}$/;

const MAX_ID = 63;
const HASH_DIGITS = 8;

/**
 * The Hugging Face repository of a model name: a short name (`7b`), a Salamandra name without its owner, or
 * `OWNER/NAME`.
 *
 * @throws INVALID_PARAMETER for any other name.
 */
export function repositoryOf(name: string): string {
  const isFamilyName = FAMILY_NAME.test(name) && !name.includes('/');
  const repository =
    findKnownModel(name)?.repository ?? (isFamilyName ? `${FAMILY_OWNER}/${name}` : name);
  if (REPOSITORY.test(repository)) return repository;
  const names = KNOWN_MODELS.map((model) => model.name).join(', ');
  throw new SalamandraError(
    'INVALID_PARAMETER',
    `Unknown model name. Use OWNER/NAME as on the hub, or one of ${names}.`,
  );
}

/**
 * The id of an installed model: `name` in lower case for the owner BSC-LT, `owner--name` for others, at most 63
 * characters (longer ids end in a hash). Unique per repository.
 *
 * @throws INVALID_PARAMETER unless `repository` is OWNER/NAME.
 */
export function packageIdOf(repository: string): string {
  const [owner = '', name = ''] = repository.split('/');
  if (!REPOSITORY.test(repository)) {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      'Invalid repository name. Use OWNER/NAME, for example BSC-LT/salamandra-7b-vision.',
    );
  }
  const id = (owner === FAMILY_OWNER ? name : `${owner}--${name}`).toLowerCase();
  if (id.length <= MAX_ID) return id;
  const hash = createHash('sha256').update(repository).digest('hex').slice(0, HASH_DIGITS);
  return `${id.slice(0, MAX_ID - HASH_DIGITS - 1).replace(/[.]+$/, '')}-${hash}`;
}

/** The id of an installed model for a repository, a short name, a Salamandra name, or an id (returned unchanged). */
export function modelIdOf(name: string): string {
  const isHubName = name.includes('/') || findKnownModel(name) || FAMILY_NAME.test(name);
  return isHubName ? packageIdOf(repositoryOf(name)) : name;
}
