import { Resolver } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';

import ipaddr from 'ipaddr.js';

import {
  MAX_CONNECT_MS,
  MAX_RESPONSE_BODY_MS,
  MAX_RESPONSE_HEADERS_MS,
  MAX_URL_CHARACTERS,
  RESPONSE_WINDOW_MS,
} from '../../config/limits.js';
import { FetchFailure, rejectedUrl } from './fetch-errors.js';

/**
 * Protection against server-side request forgery (SSRF): which URLs, hosts and addresses may be fetched. The
 * configuration changes the allowed domains only. No setting allows private addresses.
 */
export interface FetchPolicy {
  /** As in `MediaUrls`; `null` for any host. */
  readonly allowedDomains: readonly string[] | null;
  readonly ports: ReadonlySet<number>;
  readonly resolve: ResolveHost;
  /** Called for every address of a host. A host with one forbidden address is rejected. */
  readonly allowsAddress: (address: string) => boolean;
  /** Trusted certificates (PEM) instead of the platform's. */
  readonly certificates?: string;
  readonly times: FetchTimes;
  /**
   * What is told about an allowed URL without a usable response: one message for all reasons, or the reason and whether
   * it may pass.
   */
  readonly failures: 'uniform' | 'explained';
}

export interface FetchTimes {
  /** DNS, TCP and TLS together. */
  readonly connectMs: number;
  readonly headersMs: number;
  readonly bodyMs: number;
  /** The body must deliver MIN_RESPONSE_WINDOW_BYTES in each window of this length. */
  readonly windowMs: number;
}

/** The policy of the service: public addresses, ports 80 and 443. */
export function createPublicPolicy(allowedDomains: readonly string[] | null): FetchPolicy {
  return {
    allowedDomains,
    ports: new Set([80, 443]),
    resolve: resolveByDns,
    allowsAddress: isPublicAddress,
    failures: 'uniform',
    times: {
      connectMs: MAX_CONNECT_MS,
      headersMs: MAX_RESPONSE_HEADERS_MS,
      bodyMs: MAX_RESPONSE_BODY_MS,
      windowMs: RESPONSE_WINDOW_MS,
    },
  };
}

type UrlRules = Pick<FetchPolicy, 'allowedDomains' | 'ports'>;

/** Excludes white space, control characters, backslashes and missing slashes, which URL parsers repair differently. */
const PLAIN_URL = /^https?:\/\/[^/\\\s\p{Cc}][^\\\s\p{Cc}]*$/iu;
const PLAIN_REFERENCE = /^[^\\\s\p{Cc}]+$/u;

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/**
 * Parses and checks a URL. Connect to the result, never to the text: another parser may see another host. Addresses are
 * checked when the connection is made.
 *
 * @throws MEDIA_URL_REJECTED
 */
export function checkUrl(text: string, rules: UrlRules): URL {
  if (text.length > MAX_URL_CHARACTERS || !PLAIN_URL.test(text)) throw rejectedUrl();
  return checkComponents(parse(text), rules);
}

/**
 * Resolves a redirect against the URL that sent it, and checks it like the first URL.
 *
 * @throws MEDIA_URL_REJECTED, also for a redirect from https to http
 */
export function checkRedirect(location: string, from: URL, rules: UrlRules): URL {
  if (location.length > MAX_URL_CHARACTERS || !PLAIN_REFERENCE.test(location)) throw rejectedUrl();
  const url = checkComponents(parse(location, from), rules);
  if (from.protocol === 'https:' && url.protocol !== 'https:') throw rejectedUrl();
  return url;
}

function parse(text: string, base?: URL): URL {
  try {
    return new URL(text, base);
  } catch (cause) {
    throw rejectedUrl(cause);
  }
}

function checkComponents(url: URL, { ports, allowedDomains }: UrlRules): URL {
  const defaultPort = DEFAULT_PORTS[url.protocol];
  if (defaultPort === undefined || !ports.has(Number(url.port || defaultPort))) throw rejectedUrl();
  if (url.username !== '' || url.password !== '') throw rejectedUrl();
  // A trailing dot (the DNS root) names the same host, but matches neither the allowed domains nor a certificate.
  url.hostname = url.hostname.replace(/\.$/, '');
  if (allowedDomains && !allowedDomains.some((domain) => covers(domain, url.hostname))) {
    throw rejectedUrl();
  }
  return url;
}

function covers(domain: string, hostname: string): boolean {
  return domain.startsWith('.') ? hostname.endsWith(domain) : hostname === domain;
}

/** WireServer, the host agent of Azure: a public address that the host of every Azure machine answers. */
const AZURE_WIRE_SERVER = '168.63.129.16';

/** Interface identifiers of ISATAP (RFC 5214, section 6.1): one of these groups, 5EFE, and then an IPv4 address. */
const ISATAP_FIRST_GROUPS = [0x0000, 0x0200];
const ISATAP_SECOND_GROUP = 0x5efe;

/**
 * Whether an IP address is on the public internet. Addresses that embed another address (IPv4-mapped, NAT64, 6to4,
 * Teredo, ISATAP) are never public, regardless of the embedded one.
 *
 * @param address without brackets
 */
export function isPublicAddress(address: string): boolean {
  // Zones (`%eth0`) exist for link-local addresses only.
  if (isIP(address) === 0 || address.includes('%')) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed instanceof ipaddr.IPv6
    ? isGlobalUnicast(parsed.parts) && !isIsatap(parsed.parts)
    : address !== AZURE_WIRE_SERVER;
}

/** In 2000::/3, the only global unicast block that IANA has assigned. ipaddr.js also calls `::127.0.0.1` unicast. */
function isGlobalUnicast([first = 0]: readonly number[]): boolean {
  return first >>> 13 === 1;
}

function isIsatap(groups: readonly number[]): boolean {
  return ISATAP_FIRST_GROUPS.includes(groups[4] ?? 0) && groups[5] === ISATAP_SECOND_GROUP;
}

type AddressRules = Pick<FetchPolicy, 'resolve' | 'allowsAddress'>;

/**
 * The DNS lookup of a socket. The socket connects to the addresses that were checked, without a second lookup, which
 * prevents DNS rebinding. Sockets do not call it for literal addresses.
 */
export function createGuardedLookup({ resolve, allowsAddress }: AddressRules): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname).then(
      (addresses) => {
        const [first] = addresses;
        // A name with public and private addresses is an attack or a mistake.
        if (first === undefined || !addresses.every(allowsAddress)) callback(rejectedUrl(), []);
        else if (options.all) callback(null, addresses.map(withFamily));
        else callback(null, first, isIP(first));
      },
      (cause: unknown) => callback(rejectedUrl(cause), []),
    );
  };
}

function withFamily(address: string): { address: string; family: number } {
  return { address, family: isIP(address) };
}

/** All IP addresses of a host name, in the order to try them; empty if there are none. @throws FetchFailure */
export type ResolveHost = (hostname: string) => Promise<readonly string[]>;

const TRIES = 2;

/** Errors of `node:dns` that say nothing about the name: its servers failed, or did not answer. */
const PASSING_DNS_ERRORS: ReadonlySet<unknown> = new Set([
  'ESERVFAIL',
  'EREFUSED',
  'ECONNREFUSED',
  'ETIMEOUT',
  'ECANCELLED',
]);

/**
 * Resolves by DNS only. `getaddrinfo` would occupy one of the four threads of libuv's pool, which files and compression
 * need, for as long as an untrusted name server takes. It also uses the hosts file and search domains, which lead to
 * internal hosts.
 */
export const resolveByDns: ResolveHost = async (hostname) => {
  // Created per lookup: the machine's name servers change with its network.
  const resolver = new Resolver({ timeout: MAX_CONNECT_MS / TRIES, tries: TRIES });
  const answers = await Promise.allSettled([
    resolver.resolve4(hostname),
    resolver.resolve6(hostname),
  ]);
  const addresses = answers.flatMap((answer) =>
    answer.status === 'fulfilled' ? answer.value : [],
  );
  const failure = answers.find(
    (answer) =>
      answer.status === 'rejected' &&
      PASSING_DNS_ERRORS.has((answer.reason as NodeJS.ErrnoException).code),
  );
  if (addresses.length === 0 && failure) {
    throw new FetchFailure(
      'The address of the server in the URL could not be looked up. Try again later.',
      true,
      {},
      failure,
    );
  }
  return addresses;
};
