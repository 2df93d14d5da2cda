import type { NextFunction, Request, RequestHandler, Response } from 'express';

import { SalamandraError } from '../../errors/salamandra-error.js';

export interface HostRules {
  /** The address the service listens on. */
  readonly host: string;
  /** Names it goes by besides, `captions.example.org`, in lower case. */
  readonly allowedHosts: readonly string[];
}

const LOCAL_HOSTS = ['localhost', '127.0.0.1', '[::1]'];

/** Methods that change nothing; a page elsewhere cannot read their replies. */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Keeps pages in the user's browser from using a service that only this machine can reach. A name that was made to point
 * here (DNS rebinding) shows in `Host`; a page of another origin shows in `Origin`. Where the service listens
 * for other machines, `Host` is looked at only if names are configured.
 *
 * @throws FORBIDDEN, from the middleware.
 */
export function createHostGuard({ host, allowedHosts }: HostRules): RequestHandler {
  const isLocal = LOCAL_HOSTS.includes(toHostname(host)) || /^127\./.test(host);
  const known = new Set([...LOCAL_HOSTS, toHostname(host), ...allowedHosts]);
  const checksHost = isLocal || allowedHosts.length > 0;

  return (request: Request, _response: Response, next: NextFunction) => {
    const authority = request.headers.host ?? '';
    if (checksHost && !known.has(hostnameOf(authority))) {
      throw new SalamandraError(
        'FORBIDDEN',
        'The service does not go by this name; its operator can add it to SALAMANDRA_ALLOWED_HOSTS.',
      );
    }
    const { origin } = request.headers;
    if (origin !== undefined && !SAFE_METHODS.has(request.method)) {
      const from = /^https?:\/\/([^/]+)$/i.exec(origin)?.[1]?.toLowerCase() ?? '';
      if (from !== authority.toLowerCase() && !allowedHosts.includes(hostnameOf(from))) {
        throw new SalamandraError('FORBIDDEN', 'Pages of other origins may not use the service.');
      }
    }
    next();
  };
}

/** The name in `name:port`, in lower case. */
function hostnameOf(authority: string): string {
  return authority.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '');
}

/** An address as it stands in `Host`: IPv6 in brackets. */
function toHostname(host: string): string {
  const name = host.toLowerCase();
  return name.includes(':') && !name.startsWith('[') ? `[${name}]` : name;
}
