import { SalamandraError } from '../errors/salamandra-error.js';
import { changeKeys } from './key-file.js';
import {
  checkKeyName,
  createSecret,
  type KeyLimits,
  type KeyRecord,
  type Scope,
} from './key-records.js';

interface NewKey {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly limits: KeyLimits;
  readonly expires: Date | null;
}

/** Creates a key. @returns its text, which is not stored. @throws INVALID_PARAMETER if the name is in use */
export async function createKey(
  home: string,
  { name, scopes, limits, expires }: NewKey,
  now = new Date(),
): Promise<string> {
  checkKeyName(name);
  return await changeKeys(home, (keys) => {
    const existing = keys.find((key) => key.name === name);
    if (existing?.revoked === null) {
      throw new SalamandraError(
        'INVALID_PARAMETER',
        `The key ${name} exists. Replace its text with "keys rotate ${name}", or revoke it first.`,
      );
    }
    const { text, stored } = createSecret(now, expires);
    const created = now.toISOString();
    const key = { name, scopes, limits, created, revoked: null, secrets: [stored] };
    return { keys: [...keys.filter((other) => other !== existing), key], result: text };
  });
}

/**
 * Gives a key a new text. The old one ends at `oldExpires`, or earlier if it expires before. Scopes, limits, usage and
 * the expiry of the new text are those of the old one, unless `expires` is given.
 *
 * @throws NOT_FOUND if there is no such key
 */
export async function rotateKey(
  home: string,
  name: string,
  { oldExpires, expires }: { readonly oldExpires: Date; readonly expires?: Date },
  now = new Date(),
): Promise<string> {
  return await changeKeys(home, (keys) => {
    const key = findByName(keys, name);
    const newest = key.secrets.at(-1)?.expires ?? null;
    const inherited = newest === null ? null : new Date(newest);
    const { text, stored } = createSecret(now, expires ?? inherited);
    const old = key.secrets
      .filter((secret) => secret.expires === null || new Date(secret.expires) > now)
      .map((secret) => {
        const ends = secret.expires === null ? oldExpires : new Date(secret.expires);
        return { ...secret, expires: (ends < oldExpires ? ends : oldExpires).toISOString() };
      });
    return { keys: replace(keys, key, { ...key, secrets: [...old, stored] }), result: text };
  });
}

/** Revokes a key with all its texts. @throws NOT_FOUND if there is no such key */
export async function revokeKey(home: string, name: string, now = new Date()): Promise<void> {
  await changeKeys(home, (keys) => {
    const key = findByName(keys, name);
    const revoked = { ...key, revoked: now.toISOString() };
    return { keys: replace(keys, key, revoked), result: undefined };
  });
}

function findByName(keys: readonly KeyRecord[], name: string): KeyRecord {
  const key = keys.find((each) => each.name === name && each.revoked === null);
  if (key) return key;
  throw new SalamandraError(
    'NOT_FOUND',
    `There is no key ${name.slice(0, 80)} that is not revoked. "keys list" lists the keys.`,
  );
}

function replace(
  keys: readonly KeyRecord[],
  before: KeyRecord,
  after: KeyRecord,
): readonly KeyRecord[] {
  return keys.map((key) => (key === before ? after : key));
}
