import type { NextFunction, Request, RequestHandler, Response } from 'express';

import { SalamandraError } from '../../errors/salamandra-error.js';

export interface HostRules {
  /** The address the service listens on. */
  readonly host: string;
  /** Further host names of the service in lower case, `captions.example.org`. */
  readonly allowedHosts: readonly string[];
}

const LOCAL_HOSTS = ['localhost', '127.0.0.1', '[::1]'];

/** Methods without side effects. A page of another origin cannot read their responses. */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Express middleware against web pages of other origins, which could use a service on the user's machine through the
 * browser. DNS rebinding is detected by the `Host` header, requests of foreign pages by `Origin`. On a non-loopback
 * address `Host` is checked only if `allowedHosts` is configured.
 *
 * The middleware throws FORBIDDEN.
 */
export function createHostGuard({ host, allowedHosts }: HostRules): RequestHandler {
  const known = new Set([...LOCAL_HOSTS, toHostname(host), ...allowedHosts]);
  const checksHost = isLoopback(host) || allowedHosts.length > 0;

  return (request: Request, _response: Response, next: NextFunction) => {
    const authority = request.headers.host ?? '';
    if (checksHost && !known.has(hostnameOf(authority))) {
      throw new SalamandraError(
        'FORBIDDEN',
        'The Host header is not a name of this service. The operator can add it to SALAMANDRA_ALLOWED_HOSTS.',
      );
    }
    const { origin } = request.headers;
    if (origin !== undefined && !SAFE_METHODS.has(request.method)) {
      const from = /^https?:\/\/([^/]+)$/i.exec(origin)?.[1]?.toLowerCase() ?? '';
      if (from !== authority.toLowerCase() && !allowedHosts.includes(hostnameOf(from))) {
        throw new SalamandraError(
          'FORBIDDEN',
          'Web pages of other origins cannot use this service. The operator can add their host to SALAMANDRA_ALLOWED_HOSTS.',
        );
      }
    }
    next();
  };
}

/** Whether only this machine can reach a service on this address. */
export function isLoopback(host: string): boolean {
  return LOCAL_HOSTS.includes(toHostname(host)) || /^127(?:\.\d+){3}$/.test(host);
}

/** Strips the port and the trailing dot of `name:port`, and lower-cases the name. */
function hostnameOf(authority: string): string {
  return authority.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '');
}

/** An address in the notation of the `Host` header: IPv6 in brackets. */
function toHostname(host: string): string {
  const name = host.toLowerCase();
  return name.includes(':') && !name.startsWith('[') ? `[${name}]` : name;
}
