import { join, resolve } from 'node:path';
import { domainToASCII, fileURLToPath } from 'node:url';

import { SalamandraError } from '../errors/salamandra-error.js';
import { countUsableCores } from './cpu-cores.js';

/** The folder of package.json: `config/` lies two levels below it, in src and in dist alike. */
export const PROJECT_DIRECTORY = fileURLToPath(new URL('../..', import.meta.url));

const PRECISIONS = ['int8', 'int4', 'mixed', 'fp32'] as const;

/**
 * Whether requests may name media by URL, and of which hosts: exact names, or `.example.org` for every name below it, in
 * lower case and ASCII (IDNA); null for any public host.
 */
export type MediaUrls = 'off' | { readonly allowedDomains: readonly string[] | null };

/** What the environment decides. */
export interface Configuration {
  /** Folder of converted models. */
  readonly home: string;
  readonly host: string;
  /** Names the service goes by beside `host` and those of this machine, in lower case and ASCII. */
  readonly allowedHosts: readonly string[];
  /** 0: any free port. */
  readonly port: number;
  /** `demo`, the id of a model in `home`, or the folder of a model package. */
  readonly model: string;
  readonly precision: (typeof PRECISIONS)[number];
  /** Threads of one run of a graph. */
  readonly threads: number;
  /** For the keys, values and embeddings of all requests that are worked on at once; null: as the machine has to spare. */
  readonly memoryBytes: number | null;
  /** For what is kept between requests, in memory; null: as the machine has to spare; 0: nothing is kept. */
  readonly cacheBytes: number | null;
  /** For what is kept between requests on disk, below `home`; 0: nothing is kept there. */
  readonly diskCacheBytes: number;
  /** Whether what is kept of one client's requests serves the others'. */
  readonly sharesCache: boolean;
  readonly mediaUrls: MediaUrls;
}

/** Reads the environment once. @throws INVALID_PARAMETER naming the variable. */
export function loadConfiguration(
  env: Readonly<Record<string, string | undefined>>,
): Configuration {
  return Object.freeze({
    home: resolve(env['SALAMANDRA_HOME'] ?? join(PROJECT_DIRECTORY, '.salamandra')),
    host: env['HOST'] ?? '127.0.0.1',
    allowedHosts: parseHosts(env['SALAMANDRA_ALLOWED_HOSTS']),
    port: parseInteger('PORT', env['PORT'] ?? '3000', 0, 65_535),
    model: env['SALAMANDRA_MODEL'] ?? 'demo',
    precision: parsePrecision(env['SALAMANDRA_PRECISION'] ?? 'int8'),
    threads: parseInteger(
      'SALAMANDRA_THREADS',
      env['SALAMANDRA_THREADS'] ?? String(countUsableCores()),
      1,
      1_024,
    ),
    memoryBytes: parseMegabytes('SALAMANDRA_MEMORY_MB', env['SALAMANDRA_MEMORY_MB'], 1),
    cacheBytes: parseMegabytes('SALAMANDRA_CACHE_MB', env['SALAMANDRA_CACHE_MB'], 0),
    diskCacheBytes:
      parseMegabytes('SALAMANDRA_DISK_CACHE_MB', env['SALAMANDRA_DISK_CACHE_MB'], 0) ?? 0,
    sharesCache: parseSwitch('SALAMANDRA_SHARED_CACHE', env['SALAMANDRA_SHARED_CACHE'] ?? 'on'),
    mediaUrls: parseMediaUrls(env['SALAMANDRA_MEDIA_URLS'], env['SALAMANDRA_MEDIA_DOMAINS']),
  });
}

/** Bytes; null where nothing is said. @throws INVALID_PARAMETER naming the variable. */
function parseMegabytes(name: string, text: string | undefined, least: number): number | null {
  return text === undefined ? null : parseInteger(name, text, least, 100_000_000) * 1_000_000;
}

/** @throws INVALID_PARAMETER naming the variable. */
function parseSwitch(name: string, text: string): boolean {
  if (text === 'on' || text === 'off') return text === 'on';
  throw new SalamandraError('INVALID_PARAMETER', `${name} must be on or off.`);
}

/** @throws INVALID_PARAMETER naming the variable. The list is checked even where URLs are off. */
function parseMediaUrls(setting: string | undefined, domains: string | undefined): MediaUrls {
  const allowedDomains = domains === undefined ? null : domains.split(',').map(parseDomain);
  return parseSwitch('SALAMANDRA_MEDIA_URLS', setting ?? 'off') ? { allowedDomains } : 'off';
}

/** @throws INVALID_PARAMETER unless the text lists host names or addresses, without ports. */
function parseHosts(text: string | undefined): string[] {
  const hosts = text?.split(',').map((host) => host.trim().toLowerCase()) ?? [];
  return hosts.map((host) => {
    const name = host.startsWith('[') ? host : domainToASCII(host);
    if (/^(?:[a-z\d_-]+(?:\.[a-z\d_-]+)*|\[[\da-f:.]+\])$/.test(name)) return name;
    throw new SalamandraError(
      'INVALID_PARAMETER',
      'SALAMANDRA_ALLOWED_HOSTS must list host names such as captions.example.org, parted by commas.',
    );
  });
}

/** A host name as `new URL` writes it, without the dot of the root, with the leading dot of a suffix. */
function parseDomain(text: string): string {
  const [, dot = '', name = ''] = /^\s*(\.?)([^/?#\\@:]*?)\.?\s*$/.exec(text) ?? [];
  const domain = domainToASCII(name);
  if (!/^[a-z\d_-]+(?:\.[a-z\d_-]+)*$/.test(domain)) {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      'SALAMANDRA_MEDIA_DOMAINS must list host names such as example.org or .example.org, parted by commas.',
    );
  }
  return dot + domain;
}

/** @throws INVALID_PARAMETER unless the text is a whole number in the range, ends included. */
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

/** @throws INVALID_PARAMETER unless the text names a precision. */
export function parsePrecision(text: string): Configuration['precision'] {
  const precision = PRECISIONS.find((name) => name === text);
  if (precision === undefined) {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      `The precision must be ${PRECISIONS.slice(0, -1).join(', ')} or ${PRECISIONS.at(-1)}.`,
    );
  }
  return precision;
}
