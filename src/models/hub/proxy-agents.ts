import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';

import { HttpProxyAgent } from 'http-proxy-agent';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { getProxyForUrl } from 'proxy-from-env';

import { SalamandraError } from '../../errors/salamandra-error.js';

/** Keep-alive HTTP agents, with the proxies from the environment. */
export interface HubAgents {
  /** @throws INVALID_PARAMETER unless the proxy is an http or https URL. */
  agentFor(url: URL): HttpAgent;
  /** Closes all connections. */
  close(): void;
}

/** HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY (also in lower case) are read at each request. */
export function createHubAgents(connections: number): HubAgents {
  const agents = new Map<string, HttpAgent>();
  return {
    agentFor(url) {
      const proxy = getProxyForUrl(url.href);
      const key = `${url.protocol} ${proxy}`;
      const agent = agents.get(key) ?? createAgent(url.protocol, proxy, connections);
      agents.set(key, agent);
      return agent;
    },
    close() {
      for (const agent of agents.values()) agent.destroy();
      agents.clear();
    },
  };
}

function createAgent(protocol: string, proxy: string, maxSockets: number): HttpAgent {
  const options = { keepAlive: true, maxSockets };
  if (proxy === '') {
    return protocol === 'https:' ? new HttpsAgent(options) : new HttpAgent(options);
  }
  if (!URL.canParse(proxy) || !/^https?:\/\//i.test(proxy)) {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      'Invalid proxy setting. HTTPS_PROXY, HTTP_PROXY and ALL_PROXY must be http or https URLs, for example http://proxy.example.org:3128.',
    );
  }
  return protocol === 'https:'
    ? new HttpsProxyAgent(proxy, options)
    : new HttpProxyAgent(proxy, options);
}
