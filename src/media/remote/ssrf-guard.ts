import {
  MAX_CONNECT_MS,
  MAX_RESPONSE_BODY_MS,
  MAX_RESPONSE_HEADERS_MS,
  RESPONSE_WINDOW_MS,
  MAX_URL_CHARACTERS,
} from '../../config/limits.js';
import { rejectedUrl } from './fetch-errors.js';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { Resolver } from 'node:dns/promises';

/** What may be fetched. Configuration decides the domains only: no setting opens private addresses. */
export interface FetchPolicy {
  /** As `MediaUrls` has them; null for any host. */
  readonly allowedDomains: readonly string[] | null;
  readonly ports: ReadonlySet<number>;
  readonly resolve: ResolveHost;
  /** Asked for every address of a host; one that is refused refuses the host. */
  readonly admitsAddress: (address: string) => boolean;
  /** Certificates (PEM) to trust instead of the platform's. */
  readonly certificates?: string;
  readonly times: FetchTimes;
}

export interface FetchTimes {
  /** To resolve the host and to connect, TLS included. */
  readonly connectMs: number;
  readonly headersMs: number;
  readonly bodyMs: number;
  /** The window in which a body must bring MIN_RESPONSE_WINDOW_BYTES. */
  readonly windowMs: number;
}

/** The policy of the service: public addresses at the ports of the web. */
export function createPublicPolicy(allowedDomains: readonly string[] | null): FetchPolicy {
  return {
    allowedDomains,
    ports: new Set([80, 443]),
    resolve: resolveByDns,
    admitsAddress: isPublicAddress,
    times: {
      connectMs: MAX_CONNECT_MS,
      headersMs: MAX_RESPONSE_HEADERS_MS,
      bodyMs: MAX_RESPONSE_BODY_MS,
      windowMs: RESPONSE_WINDOW_MS,
    },
  };
}

type UrlRules = Pick<FetchPolicy, 'allowedDomains' | 'ports'>;

/** `new URL` forgives all of these, each parser in its own way: blanks, controls, backslashes, missing slashes. */
const PLAIN_URL = /^https?:\/\/[^/\\\s\p{Cc}][^\\\s\p{Cc}]*$/iu;
const PLAIN_REFERENCE = /^[^\\\s\p{Cc}]+$/u;

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/**
 * Parses a URL, once and for all: the result is what is connected to. Addresses are not looked at here, but by
 * the connection.
 *
 * @throws MEDIA_URL_REJECTED
 */
export function checkUrl(text: string, rules: UrlRules): URL {
  if (text.length > MAX_URL_CHARACTERS || !PLAIN_URL.test(text)) throw rejectedUrl();
  return checkParts(parse(text), rules);
}

/**
 * Resolves a redirect against where it came from, and checks it like the first URL.
 *
 * @throws MEDIA_URL_REJECTED, also where encryption would end.
 */
export function checkRedirect(location: string, from: URL, rules: UrlRules): URL {
  if (location.length > MAX_URL_CHARACTERS || !PLAIN_REFERENCE.test(location)) throw rejectedUrl();
  const url = checkParts(parse(location, from), rules);
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

function checkParts(url: URL, { ports, allowedDomains }: UrlRules): URL {
  const defaultPort = DEFAULT_PORTS[url.protocol];
  if (defaultPort === undefined || !ports.has(Number(url.port || defaultPort))) throw rejectedUrl();
  if (url.username !== '' || url.password !== '') throw rejectedUrl();
  // The dot of the root: the same host, but neither in a list of domains nor in a certificate.
  url.hostname = url.hostname.replace(/\.$/, '');
  if (allowedDomains && !allowedDomains.some((domain) => covers(domain, url.hostname))) {
    throw rejectedUrl();
  }
  return url;
}

function covers(domain: string, hostname: string): boolean {
  return domain.startsWith('.') ? hostname.endsWith(domain) : hostname === domain;
}

/** Azure's host agent: a public address by its number, answered by the machine's own host. */
const HOST_AGENT = '168.63.129.16';

/** Interface identifiers of ISATAP (RFC 5214, 6.1) hold an IPv4 address behind these two groups. */
const ISATAP_FIRST_GROUPS = [0x0000, 0x0200];
const ISATAP_SECOND_GROUP = 0x5efe;

/**
 * Whether an address, as text without brackets, belongs to the public internet. What embeds another address (mapped, NAT64,
 * 6to4, Teredo, ISATAP) does not, whatever it embeds.
 */
export function isPublicAddress(address: string): boolean {
  // A zone (`%eth0`) only makes sense on a local link.
  if (isIP(address) === 0 || address.includes('%')) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed instanceof ipaddr.IPv6
    ? isGlobalUnicast(parsed.parts) && !isIsatap(parsed.parts)
    : address !== HOST_AGENT;
}

/** In 2000::/3, all that has ever been given out; ipaddr.js also calls `::127.0.0.1` unicast. */
function isGlobalUnicast([first = 0]: readonly number[]): boolean {
  return first >>> 13 === 1;
}

function isIsatap(groups: readonly number[]): boolean {
  return ISATAP_FIRST_GROUPS.includes(groups[4] ?? 0) && groups[5] === ISATAP_SECOND_GROUP;
}

type AddressRules = Pick<FetchPolicy, 'resolve' | 'admitsAddress'>;

/**
 * The lookup a socket connects by. Whatever it hands over has been checked, and the socket asks no second time: a name
 * cannot answer the check with one address and the connection with another. Not called for literal addresses.
 */
export function createGuardedLookup({ resolve, admitsAddress }: AddressRules): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname).then(
      (answers) => {
        const [first] = answers;
        // A name with public and private addresses is an attack or a mistake.
        if (first === undefined || !answers.every(admitsAddress)) callback(rejectedUrl(), []);
        else if (options.all) callback(null, answers.map(withFamily));
        else callback(null, first, isIP(first));
      },
      (cause: unknown) => callback(rejectedUrl(cause), []),
    );
  };
}

function withFamily(address: string): { address: string; family: number } {
  return { address, family: isIP(address) };
}

/** All addresses of a host name, as text, in the order to try them; none if the name has none. */
export type ResolveHost = (hostname: string) => Promise<readonly string[]>;

const TRIES = 2;

/**
 * Asks DNS alone. `getaddrinfo` would hold one of four threads that files and compression need too, for as long as
 * a stranger's name server likes; it also reads the hosts file and appends search domains, which only lead inwards.
 */
export const resolveByDns: ResolveHost = async (hostname) => {
  // Made each time: the servers of a machine change with its network.
  const resolver = new Resolver({ timeout: MAX_CONNECT_MS / TRIES, tries: TRIES });
  const answers = await Promise.allSettled([
    resolver.resolve4(hostname),
    resolver.resolve6(hostname),
  ]);
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
};
