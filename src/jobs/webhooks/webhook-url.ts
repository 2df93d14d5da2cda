import { lookup } from 'node:dns/promises';

import type { Configuration } from '../../config/configuration.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { checkUrl, createPublicPolicy, type FetchPolicy } from '../../media/remote/ssrf-guard.js';

/** Where webhooks may be sent. */
export type WebhookRules = Pick<Configuration, 'mediaUrls' | 'webhookOrigins'>;

/**
 * The policy for the URL of a webhook: any address for an origin of the operator, else public addresses, if media URLs
 * are on.
 *
 * @throws FORBIDDEN
 */
export function policyFor(url: string, { mediaUrls, webhookOrigins }: WebhookRules): FetchPolicy {
  const domains = mediaUrls === 'off' ? [] : mediaUrls.allowedDomains;
  const publicPolicy = createPublicPolicy(domains);
  const origin = URL.canParse(url) ? new URL(url).origin : '';
  const policy = webhookOrigins.includes(origin) ? ownPolicy(origin, publicPolicy) : publicPolicy;
  try {
    checkUrl(url, policy);
    return policy;
  } catch (cause) {
    throw new SalamandraError(
      'FORBIDDEN',
      'Webhooks to this URL are not allowed. Ask the operator to add its origin, such as https://hooks.example.org, to SALAMANDRA_WEBHOOK_ORIGINS.',
      { cause, details: { parameter: 'webhook.url' } },
    );
  }
}

/** Names of an internal network are resolved as the machine resolves them, its hosts file included. */
function ownPolicy(origin: string, { times, failures }: FetchPolicy): FetchPolicy {
  const { hostname, port, protocol } = new URL(origin);
  return {
    times,
    failures,
    allowedDomains: [hostname],
    ports: new Set([port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)]),
    allowsAddress: () => true,
    resolve: async (name) => {
      const addresses = await lookup(name, { all: true });
      return addresses.map(({ address }) => address);
    },
  };
}
