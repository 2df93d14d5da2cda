import { keyFileVersion, readKeys } from './key-file.js';
import { findKey, isSecretLive, type KeyRecord, type ValidKey } from './key-records.js';
import { KeyUsageLog } from './key-usage.js';

/** The keys of a running service. Changes of the file act at the next call. */
export interface Keyring {
  /** Whether requests need a key. Once true it stays true: a lost key file opens nothing. */
  isRequired(): boolean;
  /** The key of a text; undefined if it is wrong, expired or revoked. */
  find(text: string): ValidKey | undefined;
  /** A key by its name, which may have been revoked in the meantime. */
  byName(name: string): KeyRecord | undefined;
  isLive(secretId: string): boolean;
  readonly usage: KeyUsageLog;
}

/**
 * Opens the keys of a home folder. Every call compares the version of the file, which takes microseconds.
 *
 * The methods throw STORAGE_UNAVAILABLE if the file cannot be read, so that nobody is admitted.
 *
 * @throws STORAGE_UNAVAILABLE
 */
export function openKeyring(home: string, now: () => Date = () => new Date()): Keyring {
  let version: string | null = null;
  let keys: readonly KeyRecord[] = [];
  let isRequired = false;

  function current(): readonly KeyRecord[] {
    const found = keyFileVersion(home);
    if (found === version) return keys;
    keys = found === null ? [] : readKeys(home);
    version = found;
    isRequired ||= keys.length > 0;
    return keys;
  }

  current();
  return {
    isRequired: () => {
      current();
      return isRequired;
    },
    find: (text) => findKey(current(), text, now()),
    byName: (name) => current().find((key) => key.name === name),
    isLive: (secretId) => isSecretLive(current(), secretId, now()),
    usage: new KeyUsageLog(home, () => now().getTime()),
  };
}
