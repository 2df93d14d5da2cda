import { MAX_URL_CHARACTERS } from '../../config/limits.js';
import { rejectedUrl } from './fetch-errors.js';
import type { FetchPolicy } from './fetch-policy.js';

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
