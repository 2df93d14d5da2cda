/** Every limit of API keys, with its unit and its reason. */

/** Wrong keys of one address in a row before it has to wait: a person may paste the wrong one a few times. */
export const FREE_WRONG_KEYS = 10;

/** Milliseconds between two further wrong keys of one address. A key has 256 random bits. */
export const WRONG_KEY_INTERVAL_MS = 1_000;

/** Addresses whose wrong and right keys are remembered. The oldest are forgotten. */
export const MAX_WATCHED_ADDRESSES = 10_000;

/** Milliseconds between two looks at the key file while responses of keys are open: a revoked key ends them. */
export const REVOCATION_CHECK_MS = 250;

/** Milliseconds that a command waits for another one that changes the key file. */
export const KEY_LOCK_WAIT_MS = 5_000;

/** Milliseconds after which the lock of a process on another machine counts as abandoned. */
export const STALE_KEY_LOCK_MS = 30_000;
