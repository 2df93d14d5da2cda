import type { Command } from 'commander';

import { loadConfiguration } from '../config/configuration.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { createKey, revokeKey, rotateKey } from '../keys/change-keys.js';
import { readKeys } from '../keys/key-file.js';
import { type KeyLimits, type KeyRecord, type Scope, SCOPES } from '../keys/key-records.js';
import { type KeyUsage, KeyUsageLog } from '../keys/key-usage.js';
import { type CommandContext, createJsonOption, exampleHelp } from './command-context.js';
import { formatTable } from './formatting.js';

interface CreateOptions {
  readonly scopes: string;
  readonly limit?: string;
  readonly expires?: string;
}

const NAME = 'name of the key, such as that of a person or an application';
const DEFAULT_SCOPES = 'read,generate';
const SHOWN_ONCE = 'This key is shown once. Only its hash is stored.';
const MAX_LIMIT = 1e15;
const UNIT_MS = { h: 3_600_000, d: 86_400_000 } as const;
const MAX_DURATION = 99_999;

/** The members of `--limit`. */
const LIMITS = {
  requests: 'requestsPerMinute',
  pictures: 'picturesPerDay',
  tokens: 'tokensPerDay',
} as const satisfies Record<string, keyof KeyLimits>;

/** Adds `keys create`, `list`, `rotate` and `revoke`. */
export function addKeysCommand(program: Command, { terminal }: CommandContext): void {
  const keys = program
    .command('keys')
    .description('create, list, rotate and revoke the API keys of the service')
    .addHelpText('after', exampleHelp('keys create photo-archive', 'keys list'));

  keys
    .command('create')
    .description(
      'create an API key, and print it; from the first one on, every request needs a key',
    )
    .argument('<name>', NAME)
    .option('--scopes <list>', `of ${SCOPES.join(', ')}`, DEFAULT_SCOPES)
    .option('--limit <list>', 'requests=N per minute, pictures=N and tokens=N per day (UTC)')
    .option('--expires <time>', 'a date, or a time from now: 2027-06-30, 90d, 12h (default: never)')
    .addHelpText('after', exampleHelp('keys create anna --limit pictures=1000,tokens=200000'))
    .action(async (name: string, options: CreateOptions) => {
      const key = {
        name,
        scopes: parseScopes(options.scopes),
        limits: parseLimits(options.limit ?? ''),
        expires: options.expires === undefined ? null : parseTime('--expires', options.expires),
      };
      terminal.result(await createKey(homeFolder(), key));
      terminal.note(SHOWN_ONCE);
    });

  keys
    .command('list')
    .description('list the keys with their limits, and their use today')
    .addOption(createJsonOption())
    .addHelpText('after', exampleHelp('keys list'))
    .action((options: { json?: true }) => {
      const records = readKeys(homeFolder());
      const usage = new KeyUsageLog(homeFolder());
      const rows = records.map((key) => ({ key, used: usage.usageOf(key.name) }));
      if (options.json) {
        for (const row of rows) terminal.result(JSON.stringify(toJson(row)));
      } else if (rows.length === 0) {
        terminal.result('There are no keys. Create one: npx salamandra keys create NAME');
      } else {
        const lines = rows.map(toCells);
        for (const line of formatTable([TITLES, ...lines], { rightAligned: [] }))
          terminal.result(line);
      }
    });

  keys
    .command('rotate')
    .description('print a new text for a key; the old one stays valid for a while')
    .argument('<name>', NAME)
    .option('--keep <time>', 'how long the old text stays valid', '24h')
    .option('--expires <time>', 'when the new text ends (default: as the old one)')
    .addHelpText('after', exampleHelp('keys rotate photo-archive --keep 7d'))
    .action(async (name: string, options: { keep: string; expires?: string }) => {
      const text = await rotateKey(homeFolder(), name, {
        oldExpires: parseTime('--keep', options.keep),
        ...(options.expires !== undefined && { expires: parseTime('--expires', options.expires) }),
      });
      terminal.result(text);
      terminal.note(SHOWN_ONCE);
    });

  keys
    .command('revoke')
    .description('revoke a key at once, also in services that run')
    .argument('<name>', NAME)
    .addHelpText('after', exampleHelp('keys revoke photo-archive'))
    .action(async (name: string) => {
      await revokeKey(homeFolder(), name);
      terminal.result(`Revoked ${name}.`);
    });
}

function homeFolder(): string {
  return loadConfiguration(process.env).home;
}

/** @throws INVALID_PARAMETER for an unknown scope */
function parseScopes(text: string): Scope[] {
  return [...new Set(text.split(','))].map((name) => {
    const scope = SCOPES.find((each) => each === name.trim());
    if (scope !== undefined) return scope;
    throw new SalamandraError(
      'INVALID_PARAMETER',
      `"${name}" is not a scope. --scopes takes ${SCOPES.join(', ')}, separated by commas.`,
    );
  });
}

/** @throws INVALID_PARAMETER for an unknown member or value */
function parseLimits(text: string): KeyLimits {
  const limits: Record<keyof KeyLimits, number | null> = {
    requestsPerMinute: null,
    picturesPerDay: null,
    tokensPerDay: null,
  };
  for (const part of text.split(',').filter((each) => each !== '')) {
    const [, unit = '', count = ''] = /^\s*([a-z]+)=(\d+)\s*$/.exec(part) ?? [];
    if (!isLimit(unit) || Number(count) > MAX_LIMIT) {
      throw new SalamandraError(
        'INVALID_PARAMETER',
        `"${part}" is not a limit. --limit takes requests=N (per minute), pictures=N and tokens=N (per day), separated by commas.`,
      );
    }
    limits[LIMITS[unit]] = Number(count);
  }
  return limits;
}

function isLimit(unit: string): unit is keyof typeof LIMITS {
  return Object.hasOwn(LIMITS, unit);
}

/** Parses a date of UTC, or a number of hours or days from now. @throws INVALID_PARAMETER */
function parseTime(option: string, text: string): Date {
  const [, count, unit] = /^(\d{1,5})([hd])$/.exec(text) ?? [];
  if (count !== undefined && (unit === 'h' || unit === 'd') && Number(count) <= MAX_DURATION) {
    return new Date(Date.now() + Number(count) * UNIT_MS[unit]);
  }
  const date = new Date(`${text}T00:00:00Z`);
  if (/^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(date.getTime()) && date > new Date()) {
    return date;
  }
  throw new SalamandraError(
    'INVALID_PARAMETER',
    `${option} must be a future date or a time from now, such as 2027-06-30, 90d or 12h.`,
  );
}

interface Row {
  readonly key: KeyRecord;
  readonly used: KeyUsage;
}

const TITLES = ['NAME', 'SCOPES', 'STATE', 'PICTURES TODAY', 'TOKENS TODAY', 'REQUESTS TODAY'];

function toCells({ key, used }: Row): string[] {
  const of = (count: number, limit: number | null) =>
    limit === null ? String(count) : `${count} of ${limit}`;
  const { limits } = key;
  const rate = limits.requestsPerMinute === null ? '' : ` (${limits.requestsPerMinute} per minute)`;
  return [
    key.name,
    key.scopes.join(','),
    describeState(key),
    of(used.pictures, limits.picturesPerDay),
    of(used.tokens, limits.tokensPerDay),
    `${used.requests}${rate}`,
  ];
}

function describeState({ revoked, secrets }: KeyRecord): string {
  if (revoked !== null) return `revoked ${revoked.slice(0, 10)}`;
  const expires = secrets.at(-1)?.expires ?? null;
  if (expires === null) return 'valid';
  return `${new Date(expires) > new Date() ? 'valid until' : 'expired'} ${expires.slice(0, 16)}Z`;
}

/** Without hashes. */
function toJson({ key, used }: Row): object {
  const { name, scopes, limits, created, revoked, secrets } = key;
  return {
    name,
    scopes,
    created,
    revoked,
    expires: secrets.at(-1)?.expires ?? null,
    limits: {
      requests_per_minute: limits.requestsPerMinute,
      pictures_per_day: limits.picturesPerDay,
      tokens_per_day: limits.tokensPerDay,
    },
    used_today: used,
  };
}
