import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { KEY_LOCK_WAIT_MS, STALE_KEY_LOCK_MS } from '../config/key-limits.js';
import { isAbandoned, tryLock } from '../config/lock-owner.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { storageError } from '../errors/storage-error.js';
import {
  type KeyLimits,
  type KeyRecord,
  type Scope,
  SCOPES,
  type StoredSecret,
} from './key-records.js';

const LOCK_RETRY_MS = 20;

/** The folder of keys and their usage. Only the user of the service may read it. */
export function keyFolder(home: string): string {
  return join(home, 'keys');
}

function keyFile(home: string): string {
  return join(keyFolder(home), 'keys.json');
}

/** A home folder that is a file (ENOTDIR) has no keys either; loading the model reports it with the remedy. */
function isAbsent(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/** Changes with every new version of the key file; `null` without one. @throws STORAGE_UNAVAILABLE */
export function keyFileVersion(home: string): string | null {
  try {
    const { mtimeMs, size, ino } = statSync(keyFile(home));
    return `${mtimeMs} ${size} ${ino}`;
  } catch (error) {
    if (isAbsent(error)) return null;
    throw storageError(error, 'key file');
  }
}

/** The keys, revoked ones included. Empty without a file. @throws STORAGE_UNAVAILABLE if the file cannot be used */
export function readKeys(home: string): readonly KeyRecord[] {
  let text: string;
  try {
    text = readFileSync(keyFile(home), 'utf8');
  } catch (error) {
    if (isAbsent(error)) return [];
    throw storageError(error, 'key file');
  }
  try {
    return parseKeys(JSON.parse(text));
  } catch (cause) {
    throw storageError(cause, 'key file');
  }
}

/**
 * Changes the keys under a lock, and replaces the file in one step: a crash leaves the old one or the new one.
 *
 * @throws the errors of `change`; STORAGE_UNAVAILABLE, STORAGE_FULL
 */
export async function changeKeys<T>(
  home: string,
  change: (keys: readonly KeyRecord[]) => {
    readonly keys: readonly KeyRecord[];
    readonly result: T;
  },
): Promise<T> {
  try {
    mkdirSync(keyFolder(home), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw storageError(error, 'key folder');
  }
  const lock = `${keyFile(home)}.lock`;
  await takeLock(lock);
  try {
    const { keys, result } = change(readKeys(home));
    writeKeys(home, keys);
    return result;
  } finally {
    await rm(lock, { force: true });
  }
}

async function takeLock(path: string): Promise<void> {
  const end = Date.now() + KEY_LOCK_WAIT_MS;
  for (;;) {
    const isTaken = await tryLock(path).catch((error: unknown) => {
      throw storageError(error, 'key folder');
    });
    if (isTaken) return;
    if (await isAbandoned(path, STALE_KEY_LOCK_MS)) await rm(path, { force: true });
    if (Date.now() > end) {
      throw new SalamandraError(
        'STORAGE_UNAVAILABLE',
        'Another command is changing the keys. Run this one again.',
      );
    }
    await wait(LOCK_RETRY_MS);
  }
}

function writeKeys(home: string, keys: readonly KeyRecord[]): void {
  const temporary = `${keyFile(home)}.${randomUUID()}.tmp`;
  try {
    writeFileSync(temporary, `${JSON.stringify({ version: VERSION, keys }, null, 2)}\n`, {
      mode: 0o600,
    });
    const handle = openSync(temporary, 'r');
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(temporary, keyFile(home));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw storageError(error, 'key folder');
  }
}

const VERSION = 1;

/** Checks every member, because a wrong one could admit somebody. @throws Error that names the fault */
function parseKeys(value: unknown): readonly KeyRecord[] {
  const { version, keys } = record(value, 'The file');
  if (version !== VERSION) throw new Error(`version must be ${VERSION}.`);
  return list(keys, 'keys').map(parseKey);
}

function parseKey(value: unknown): KeyRecord {
  const key = record(value, 'A key');
  return {
    name: text(key['name'], 'name'),
    scopes: list(key['scopes'], 'scopes').map(parseScope),
    limits: parseLimits(record(key['limits'], 'limits')),
    created: text(key['created'], 'created'),
    revoked: time(key['revoked'], 'revoked'),
    secrets: list(key['secrets'], 'secrets').map(parseSecret),
  };
}

function parseScope(value: unknown): Scope {
  const scope = SCOPES.find((name) => name === value);
  if (scope === undefined) throw new Error(`A scope must be one of ${SCOPES.join(', ')}.`);
  return scope;
}

function parseLimits(limits: Record<string, unknown>): KeyLimits {
  const read = (name: keyof KeyLimits) => {
    const limit = limits[name];
    if (limit === null || (Number.isSafeInteger(limit) && Number(limit) >= 0)) {
      return limit as number | null;
    }
    throw new Error(`limits.${name} must be a whole number or null.`);
  };
  return {
    requestsPerMinute: read('requestsPerMinute'),
    picturesPerDay: read('picturesPerDay'),
    tokensPerDay: read('tokensPerDay'),
  };
}

function parseSecret(value: unknown): StoredSecret {
  const secret = record(value, 'A secret');
  const sha256 = text(secret['sha256'], 'sha256');
  if (!/^[\da-f]{64}$/.test(sha256)) throw new Error('sha256 must be 64 hexadecimal digits.');
  return {
    id: text(secret['id'], 'id'),
    sha256,
    created: text(secret['created'], 'created'),
    expires: time(secret['expires'], 'expires'),
  };
}

function record(value: unknown, name: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  throw new Error(`${name} must be an object.`);
}

function list(value: unknown, name: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Error(`${name} must be a list.`);
}

function text(value: unknown, name: string): string {
  if (typeof value === 'string') return value;
  throw new Error(`${name} must be a string.`);
}

function time(value: unknown, name: string): string | null {
  if (value === null || (typeof value === 'string' && !Number.isNaN(Date.parse(value))))
    return value;
  throw new Error(`${name} must be a time or null.`);
}
