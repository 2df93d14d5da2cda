import {
  appendFileSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { createTemporaryFolder, type TemporaryFolder } from '../../test/setup/temporary-folder.js';
import { createKey, revokeKey, rotateKey } from './change-keys.js';
import { keyFolder, readKeys } from './key-file.js';
import type { KeyLimits } from './key-records.js';
import { KeyUsageLog } from './key-usage.js';
import { openKeyring } from './keyring.js';

const NOON = new Date('2026-11-30T12:00:00Z');
const NO_LIMITS: KeyLimits = { requestsPerMinute: null, picturesPerDay: null, tokensPerDay: null };

let folder: TemporaryFolder;
let home: string;
let now: Date;

beforeEach(() => {
  folder = createTemporaryFolder();
  home = folder.path('home');
  now = NOON;
});

afterEach(() => folder.remove());

/** What a call throws. */
function failureOf(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return error;
  }
}

const later = (ms: number) => new Date(NOON.getTime() + ms);

async function create(name = 'anna', limits: Partial<KeyLimits> = {}, expires: Date | null = null) {
  const key = { name, scopes: ['read' as const], limits: { ...NO_LIMITS, ...limits }, expires };
  return await createKey(home, key, NOON);
}

const open = () => openKeyring(home, () => now);

it('has no keys in a home folder that is a file', () => {
  writeFileSync(home, '');

  expect(openKeyring(home).isRequired()).toBe(false);
});

describe('keys', () => {
  it('are found by their text, of which only a hash is stored', async () => {
    const text = await create();
    const stored = readFileSync(join(keyFolder(home), 'keys.json'), 'utf8');

    expect(text).toMatch(/^sk-vs-[\da-f]{8}-[\w-]{43}$/);
    expect(open().find(text)?.key.name).toBe('anna');
    expect(stored).not.toContain(text.slice(15));
    expect(statSync(keyFolder(home)).mode & 0o777).toBe(0o700);
    expect(statSync(join(keyFolder(home), 'keys.json')).mode & 0o777).toBe(0o600);
  });

  it('are not found by other texts', async () => {
    const text = await create();
    const other = `${text.slice(0, -1)}${text.endsWith('A') ? 'B' : 'A'}`;

    for (const wrong of [
      '',
      'sk-vs-',
      'x'.repeat(100_000),
      other,
      text.toUpperCase(),
      `${text} `,
    ]) {
      expect(open().find(wrong)).toBeUndefined();
    }
  });

  it('end at their expiry, and when they are revoked, also in a keyring that is open', async () => {
    const keyring = open();
    expect(keyring.isRequired()).toBe(false);
    const short = await create('short', {}, later(1_000));
    const text = await create();

    expect([keyring.find(short), keyring.find(text)].map((found) => found?.key.name)).toEqual([
      'short',
      'anna',
    ]);
    now = later(1_000);
    expect(keyring.find(short)).toBeUndefined();
    await revokeKey(home, 'anna');
    expect(keyring.find(text)).toBeUndefined();
    expect(keyring.isRequired()).toBe(true);
  });

  it('have two texts during a rotation, with one name', async () => {
    const old = await create();
    const keyring = open();
    const text = await rotateKey(home, 'anna', { oldExpires: later(5_000) }, NOON);

    expect(keyring.find(old)?.key.name).toBe('anna');
    now = later(5_000);
    expect(keyring.find(old)).toBeUndefined();
    expect(keyring.find(text)?.key.name).toBe('anna');
  });

  it('have one name each, which may be used again after a revocation', async () => {
    await create();

    await expect(create()).rejects.toMatchObject({ code: 'INVALID_PARAMETER' });
    await expect(create('Not a name')).rejects.toMatchObject({ code: 'INVALID_PARAMETER' });
    await expect(revokeKey(home, 'bob')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await revokeKey(home, 'anna');
    await create();
    expect(readKeys(home)).toHaveLength(1);
  });

  it('are still required when the file is lost, and admit nobody when it is damaged', async () => {
    const text = await create();
    const keyring = open();
    const file = join(keyFolder(home), 'keys.json');

    writeFileSync(file, '{"version":1,"keys":[{}]}');
    expect(failureOf(() => keyring.find(text))).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    rmSync(file);
    expect(keyring.isRequired()).toBe(true);
    expect(keyring.find(text)).toBeUndefined();
  });

  it('are all stored when commands run at the same time', async () => {
    await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => create(name)));

    expect(
      readKeys(home)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });
});

describe('usage', () => {
  const usage = () => new KeyUsageLog(home, () => now.getTime());
  const record = () => {
    const [key] = readKeys(home);
    if (!key) throw new Error('No key.');
    return key;
  };

  it('counts pictures and tokens of a day, over restarts and for two processes', async () => {
    await create('anna', { picturesPerDay: 3, tokensPerDay: 100 });
    const one = usage();
    one.reserve(record(), 2);
    const two = usage();
    two.reserve(record(), 1);

    const refused = {
      code: 'RATE_LIMITED',
      details: { limit: 3, retry_after_seconds: 43_200 },
    };
    expect(failureOf(() => one.reserve(record(), 1))).toMatchObject(refused);
    expect(failureOf(() => usage().reserve(record(), 1))).toMatchObject(refused);
    one.reserve(record(), 0);
    one.charge('anna', { tokens: 100 });
    expect(() => two.reserve(record(), 0)).toThrow(/100 tokens per day/);
    expect(two.usageOf('anna')).toEqual({ requests: 0, pictures: 3, tokens: 100 });
  });

  it('begins anew at midnight in UTC, and deletes the file of the day before', async () => {
    await create('anna', { picturesPerDay: 1 });
    const log = usage();
    log.reserve(record(), 1);
    now = new Date('2026-12-01T00:00:00Z');
    log.reserve(record(), 1);

    expect(readdirSync(keyFolder(home)).sort()).toEqual(['keys.json', 'usage-2026-12-01.jsonl']);
  });

  it('counts the requests of a minute, over restarts', async () => {
    await create('anna', { requestsPerMinute: 2 });
    usage().startRequest(record());
    now = later(20_000);
    usage().startRequest(record());

    expect(failureOf(() => usage().startRequest(record()))).toMatchObject({
      details: { limit: 2, retry_after_seconds: 40 },
    });
    now = later(60_000);
    usage().startRequest(record());
  });

  it('ignores a line that a crash cut off', async () => {
    await create();
    usage().charge('anna', { pictures: 1 });
    appendFileSync(join(keyFolder(home), 'usage-2026-11-30.jsonl'), '\n{"ms":1,"na');
    usage().charge('anna', { pictures: 1 });

    expect(usage().usageOf('anna').pictures).toBe(2);
  });
});
