import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

import { SalamandraError } from '../errors/salamandra-error.js';

/** What a key may do. `admin` includes all others. */
export const SCOPES = ['read', 'generate', 'jobs', 'metrics', 'admin'] as const;

export type Scope = (typeof SCOPES)[number];

/** Limits of a key. `null` is no limit. Days are those of UTC. */
export interface KeyLimits {
  /** Requests that use the model. */
  readonly requestsPerMinute: number | null;
  /** Images, and frames of videos. */
  readonly picturesPerDay: number | null;
  /** Tokens of prompts and answers. */
  readonly tokensPerDay: number | null;
}

/** A secret as it is stored. During a rotation a key has two. Times are ISO 8601 in UTC. */
export interface StoredSecret {
  readonly id: string;
  /** SHA-256 of the whole text of the key, in hexadecimal. It has 256 random bits, so no slow hash is needed. */
  readonly sha256: string;
  readonly created: string;
  readonly expires: string | null;
}

/** A named key. Revoked ones are kept, so that a key is still required after the last one was revoked. */
export interface KeyRecord {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly limits: KeyLimits;
  readonly created: string;
  readonly revoked: string | null;
  readonly secrets: readonly StoredSecret[];
}

const KEY_NAME = /^[a-z\d][a-z\d._-]{0,63}$/;

/** `sk-vs-`, the id of the secret, and 32 random bytes. Secret scanners know the prefix `sk-`. */
const KEY_TEXT = /^sk-vs-([a-z\d]{8})-[\w-]{43}$/;

const SECRET_BYTES = 32;
const ID_BYTES = 4;

/** @throws INVALID_PARAMETER if the name is not one */
export function checkKeyName(name: string): void {
  if (KEY_NAME.test(name)) return;
  throw new SalamandraError(
    'INVALID_PARAMETER',
    `"${name.slice(0, 80)}" is not a name of a key. Use 1 to 64 lower-case letters, digits, ".", "_" or "-", such as "photo-archive".`,
  );
}

/** Creates a secret. Its text is not stored anywhere. */
export function createSecret(
  now: Date,
  expires: Date | null,
): { readonly text: string; readonly stored: StoredSecret } {
  const id = randomBytes(ID_BYTES).toString('hex');
  const text = `sk-vs-${id}-${randomBytes(SECRET_BYTES).toString('base64url')}`;
  const created = now.toISOString();
  return {
    text,
    stored: { id, sha256: hash(text).toString('hex'), created, expires: toText(expires) },
  };
}

/** A key that a request may use, with the secret it presented. */
export interface ValidKey {
  readonly key: KeyRecord;
  readonly secretId: string;
}

/**
 * Finds the key of a text in the time of one comparison, whether the id is known or not.
 *
 * @returns undefined for a text that is no key, is unknown, expired or revoked.
 */
export function findKey(keys: readonly KeyRecord[], text: string, now: Date): ValidKey | undefined {
  const id = KEY_TEXT.exec(text)?.[1];
  const found = keys
    .flatMap((key) => key.secrets.map((secret) => ({ key, secret })))
    .find(({ secret }) => secret.id === id);
  const expected = Buffer.from(found?.secret.sha256 ?? NO_HASH, 'hex');
  const isEqual = timingSafeEqual(hash(text), expected);
  if (!found || !isEqual || !isLive(found.key, found.secret, now)) return undefined;
  return { key: found.key, secretId: found.secret.id };
}

/** Whether a key may still be used with this secret. */
export function isSecretLive(keys: readonly KeyRecord[], secretId: string, now: Date): boolean {
  return keys.some((key) =>
    key.secrets.some((secret) => secret.id === secretId && isLive(key, secret, now)),
  );
}

function isLive(key: KeyRecord, { expires }: StoredSecret, now: Date): boolean {
  return key.revoked === null && (expires === null || now < new Date(expires));
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

const NO_HASH = '0'.repeat(64);

function toText(date: Date | null): string | null {
  return date === null ? null : date.toISOString();
}
