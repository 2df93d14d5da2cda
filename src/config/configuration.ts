import { isIP } from 'node:net';
import { delimiter, isAbsolute, join, resolve, sep } from 'node:path';
import { domainToASCII, fileURLToPath } from 'node:url';

import envPaths from 'env-paths';

import { SalamandraError } from '../errors/salamandra-error.js';
import { countUsableCores } from './cpu-cores.js';
import {
  DEFAULT_CHAT_BYTES,
  DEFAULT_IMAGE_BYTES,
  DEFAULT_IMAGE_PIXELS,
  DEFAULT_TEMPORARY_BYTES,
  MAX_CHAT_BYTES,
  MAX_IMAGE_BYTES,
  MAX_IMAGE_PIXELS,
} from './limits.js';
import { DEFAULT_UPLOAD_BYTES } from './source-limits.js';

/** The folder of package.json. `config/` is two levels below it, both in src and in dist. */
export const PROJECT_DIRECTORY = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Where packages and caches are by default: in a checkout, `.salamandra` beside the code; else the data folder of the
 * user, since the folder of an installed package belongs to npm, which replaces it.
 */
const DEFAULT_HOME = PROJECT_DIRECTORY.split(sep).includes('node_modules')
  ? envPaths('visual-salamandra', { suffix: '' }).data
  : join(PROJECT_DIRECTORY, '.salamandra');

const PRECISIONS = ['int8', 'int4', 'mixed', 'fp32'] as const;

/**
 * Whether requests may contain media URLs, and the allowed hosts: exact names, or `.example.org` for all its
 * subdomains, in lower-case ASCII (IDNA). `null` allows every public host.
 */
export type MediaUrls = 'off' | { readonly allowedDomains: readonly string[] | null };

/** The service's settings, from environment variables. */
export interface Configuration {
  /** SALAMANDRA_HOME: folder of converted models and the disk cache. */
  readonly home: string;
  readonly host: string;
  /** Accepted `Host` headers in addition to `host` and the machine's names, in lower-case ASCII. */
  readonly allowedHosts: readonly string[];
  /** Addresses and networks (CIDR) of reverse proxies, whose `X-Forwarded-For` names the client. */
  readonly trustedProxies: readonly string[];
  /** 0 for any free port. */
  readonly port: number;
  /** SALAMANDRA_OPEN: whether a service without API keys may listen beyond this machine. */
  readonly isOpen: boolean;
  /** `demo`, the id of a model in `home`, or the path of a model package. */
  readonly model: string;
  readonly precision: (typeof PRECISIONS)[number];
  /** Threads per graph run. */
  readonly threads: number;
  /** Memory for the KV caches and embeddings of all running requests. `null` derives it from the free memory. */
  readonly memoryBytes: number | null;
  /** Memory for the prefix cache and the feature cache. `null` derives it from the free memory, 0 disables them. */
  readonly cacheBytes: number | null;
  /** Disk space for the disk cache below `home`. 0 disables it. */
  readonly diskCacheBytes: number;
  /** Whether clients share the caches. */
  readonly sharesCache: boolean;
  readonly mediaUrls: MediaUrls;
  /** Bytes of an image file. */
  readonly imageBytes: number;
  /** Pixels of an image. */
  readonly imagePixels: number;
  /** Bytes of a chat body. */
  readonly chatBytes: number;
  /** DATABASE_URL: the PostgreSQL database of archive jobs. `null`: a SQLite file in `home`. */
  readonly databaseUrl: string | null;
  /** Absolute paths of the folders whose files may be captioned by jobs that are created over HTTP. */
  readonly jobRoots: readonly string[];
  /** Bytes of the temporary files of all requests. */
  readonly temporaryBytes: number;
  /** Bytes of the files that clients uploaded into jobs. */
  readonly uploadBytes: number;
  /** Origins that webhooks may be sent to, also on private addresses: `http://10.0.0.5:8080`. */
  readonly webhookOrigins: readonly string[];
}

/** Parses the environment variables. @throws INVALID_PARAMETER with the name of the variable */
export function loadConfiguration(
  env: Readonly<Record<string, string | undefined>>,
): Configuration {
  return Object.freeze({
    home: resolve(env['SALAMANDRA_HOME'] ?? DEFAULT_HOME),
    host: env['HOST'] ?? '127.0.0.1',
    allowedHosts: parseHosts(env['SALAMANDRA_ALLOWED_HOSTS']),
    trustedProxies: parseNetworks(env['SALAMANDRA_TRUSTED_PROXIES']),
    port: parseInteger('PORT', env['PORT'] ?? '3000', 0, 65_535),
    isOpen: parseFlag('SALAMANDRA_OPEN', env['SALAMANDRA_OPEN'] ?? '0'),
    model: env['SALAMANDRA_MODEL'] ?? 'demo',
    precision: parsePrecision(env['SALAMANDRA_PRECISION'] ?? 'int8'),
    threads: parseInteger(
      'SALAMANDRA_THREADS',
      env['SALAMANDRA_THREADS'] ?? String(countUsableCores()),
      1,
      1_024,
    ),
    memoryBytes: parseMillions('SALAMANDRA_MEMORY_MB', env['SALAMANDRA_MEMORY_MB'], 1),
    cacheBytes: parseMillions('SALAMANDRA_CACHE_MB', env['SALAMANDRA_CACHE_MB'], 0),
    diskCacheBytes:
      parseMillions('SALAMANDRA_DISK_CACHE_MB', env['SALAMANDRA_DISK_CACHE_MB'], 0) ?? 0,
    sharesCache: parseSwitch('SALAMANDRA_SHARED_CACHE', env['SALAMANDRA_SHARED_CACHE'] ?? 'on'),
    mediaUrls: parseMediaUrls(env['SALAMANDRA_MEDIA_URLS'], env['SALAMANDRA_MEDIA_DOMAINS']),
    imageBytes:
      parseMillions('SALAMANDRA_IMAGE_MB', env['SALAMANDRA_IMAGE_MB'], 1, MAX_IMAGE_BYTES) ??
      DEFAULT_IMAGE_BYTES,
    imagePixels:
      parseMillions(
        'SALAMANDRA_IMAGE_MEGAPIXELS',
        env['SALAMANDRA_IMAGE_MEGAPIXELS'],
        1,
        MAX_IMAGE_PIXELS,
      ) ?? DEFAULT_IMAGE_PIXELS,
    chatBytes:
      parseMillions('SALAMANDRA_CHAT_MB', env['SALAMANDRA_CHAT_MB'], 8, MAX_CHAT_BYTES) ??
      DEFAULT_CHAT_BYTES,
    databaseUrl: parseDatabaseUrl(env['DATABASE_URL']),
    jobRoots: parseRoots(env['SALAMANDRA_JOB_ROOTS']),
    temporaryBytes:
      parseMillions('SALAMANDRA_TEMPORARY_MB', env['SALAMANDRA_TEMPORARY_MB'], 1) ??
      DEFAULT_TEMPORARY_BYTES,
    uploadBytes:
      parseMillions('SALAMANDRA_UPLOAD_MB', env['SALAMANDRA_UPLOAD_MB'], 1) ?? DEFAULT_UPLOAD_BYTES,
    webhookOrigins: parseOrigins(env['SALAMANDRA_WEBHOOK_ORIGINS']),
  });
}

/** @throws INVALID_PARAMETER without the URL, which contains a password */
function parseDatabaseUrl(text: string | undefined): string | null {
  if (text === undefined || text === '') return null;
  if (/^postgres(ql)?:\/\/.+/.test(text)) return text;
  throw new SalamandraError(
    'INVALID_PARAMETER',
    'DATABASE_URL must be the URL of a PostgreSQL database, such as postgres://user:password@host:5432/name. Without it, jobs are stored in a SQLite file in SALAMANDRA_HOME.',
  );
}

/** A list of absolute paths, separated as in PATH. @throws INVALID_PARAMETER */
function parseRoots(text: string | undefined): string[] {
  const roots = text?.split(delimiter).filter((root) => root !== '') ?? [];
  const relative = roots.find((root) => !isAbsolute(root));
  if (relative === undefined) return roots;
  throw new SalamandraError(
    'INVALID_PARAMETER',
    `SALAMANDRA_JOB_ROOTS must contain absolute paths, separated by "${delimiter}".`,
  );
}

/**
 * Parses a number of millions: megabytes or megapixels.
 *
 * @param max of the result; 100 TB by default.
 * @returns bytes or pixels; `null` if the variable is not set.
 * @throws INVALID_PARAMETER with the name of the variable
 */
function parseMillions(
  name: string,
  text: string | undefined,
  min: number,
  max = 1e14,
): number | null {
  return text === undefined ? null : parseInteger(name, text, min, max / 1e6) * 1e6;
}

/** @throws INVALID_PARAMETER with the name of the variable */
function parseSwitch(name: string, text: string): boolean {
  if (text === 'on' || text === 'off') return text === 'on';
  throw new SalamandraError('INVALID_PARAMETER', `${name} must be "on" or "off".`);
}

/** @throws INVALID_PARAMETER with the name of the variable */
function parseFlag(name: string, text: string): boolean {
  if (text === '0' || text === '1') return text === '1';
  throw new SalamandraError('INVALID_PARAMETER', `${name} must be 1 or 0.`);
}

/** Checks the domains even if media URLs are off. @throws INVALID_PARAMETER with the name of the variable */
function parseMediaUrls(setting: string | undefined, domains: string | undefined): MediaUrls {
  const allowedDomains = domains === undefined ? null : domains.split(',').map(parseDomain);
  return parseSwitch('SALAMANDRA_MEDIA_URLS', setting ?? 'off') ? { allowedDomains } : 'off';
}

/** Parses a comma-separated list of host names or addresses without ports. @throws INVALID_PARAMETER */
function parseHosts(text: string | undefined): string[] {
  const hosts = text?.split(',').map((host) => host.trim().toLowerCase()) ?? [];
  return hosts.map((host) => {
    const name = host.startsWith('[') ? host : domainToASCII(host);
    if (/^(?:[a-z\d_-]+(?:\.[a-z\d_-]+)*|\[[\da-f:.]+\])$/.test(name)) return name;
    throw new SalamandraError(
      'INVALID_PARAMETER',
      'SALAMANDRA_ALLOWED_HOSTS must be a comma-separated list of host names without ports, such as "captions.example.org".',
    );
  });
}

/** Parses a comma-separated list of addresses and networks, `10.0.0.0/8`. @throws INVALID_PARAMETER */
function parseNetworks(text: string | undefined): string[] {
  const networks = text?.split(',').map((network) => network.trim()) ?? [];
  for (const network of networks) {
    const [address = '', bits, ...rest] = network.split('/');
    const maxBits = isIP(address) === 6 ? 128 : 32;
    const isPrefix = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= maxBits);
    if (isIP(address) === 0 || !isPrefix || rest.length > 0) {
      throw new SalamandraError(
        'INVALID_PARAMETER',
        `SALAMANDRA_TRUSTED_PROXIES must be a comma-separated list of addresses and networks, such as "127.0.0.1, 10.0.0.0/8".`,
      );
    }
  }
  return networks;
}

/** Parses a comma-separated list of origins. @throws INVALID_PARAMETER */
function parseOrigins(text: string | undefined): string[] {
  const entries = text?.split(',').map((entry) => entry.trim().replace(/\/$/, '')) ?? [];
  return entries.map((entry) => {
    const origin = URL.canParse(entry) ? new URL(entry).origin : 'null';
    if (/^https?:/.test(origin) && new URL(entry).href === `${origin}/`) return origin;
    throw new SalamandraError(
      'INVALID_PARAMETER',
      'SALAMANDRA_WEBHOOK_ORIGINS must be a comma-separated list of origins, such as "https://hooks.example.org, http://10.0.0.5:8080".',
    );
  });
}

/** Normalizes a host name like `new URL`, without the trailing dot. The leading dot of a suffix stays. */
function parseDomain(text: string): string {
  const [, dot = '', name = ''] = /^\s*(\.?)([^/?#\\@:]*?)\.?\s*$/.exec(text) ?? [];
  const domain = domainToASCII(name);
  if (!/^[a-z\d_-]+(?:\.[a-z\d_-]+)*$/.test(domain)) {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      'SALAMANDRA_MEDIA_DOMAINS must be a comma-separated list of host names, such as "example.org", or ".example.org" for its subdomains.',
    );
  }
  return dot + domain;
}

/** @throws INVALID_PARAMETER if the text is not a whole number from `min` to `max` */
export function parseInteger(name: string, text: string, min: number, max: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (!(value >= min && value <= max)) {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      `${name} must be a whole number from ${min} to ${max}.`,
    );
  }
  return value;
}

/** @throws INVALID_PARAMETER if the text is not a precision */
export function parsePrecision(text: string): Configuration['precision'] {
  const precision = PRECISIONS.find((name) => name === text);
  if (precision === undefined) {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      `SALAMANDRA_PRECISION and --precision must be ${PRECISIONS.slice(0, -1).join(', ')} or ${PRECISIONS.at(-1)}.`,
    );
  }
  return precision;
}
