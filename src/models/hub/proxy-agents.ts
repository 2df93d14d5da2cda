import { Agent as PlainAgent } from 'node:http';
import { Agent as EncryptedAgent } from 'node:https';

import { HttpProxyAgent } from 'http-proxy-agent';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { getProxyForUrl } from 'proxy-from-env';

import { SalamandraError } from '../../errors/salamandra-error.js';

/** Connections that stay open between requests, through the proxies that the environment names. */
export interface HubAgents {
  /** @throws INVALID_PARAMETER where the proxy is of a kind that is not spoken here. */
  agentFor(url: URL): PlainAgent;
  /** Closes all connections. */
  close(): void;
}

/** Reads HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY at each request, in small letters too. */
export function createHubAgents(connections: number): HubAgents {
  const agents = new Map<string, PlainAgent>();
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

function createAgent(protocol: string, proxy: string, maxSockets: number): PlainAgent {
  const options = { keepAlive: true, maxSockets };
  if (proxy === '') {
    return protocol === 'https:' ? new EncryptedAgent(options) : new PlainAgent(options);
  }
  if (!URL.canParse(proxy) || !/^https?:\/\//i.test(proxy)) {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      'HTTPS_PROXY, HTTP_PROXY and ALL_PROXY take addresses such as http://proxy.example.org:3128.',
    );
  }
  return protocol === 'https:'
    ? new HttpsProxyAgent(proxy, options)
    : new HttpProxyAgent(proxy, options);
}
