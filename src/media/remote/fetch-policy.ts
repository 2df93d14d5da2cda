import {
  MAX_CONNECT_MS,
  MAX_RESPONSE_BODY_MS,
  MAX_RESPONSE_HEADERS_MS,
  RESPONSE_WINDOW_MS,
} from '../../config/limits.js';
import { isPublicAddress } from './public-address.js';
import { resolveByDns, type ResolveHost } from './resolve-host.js';

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
