import { Resolver } from 'node:dns/promises';

import { MAX_CONNECT_MS } from '../../config/limits.js';

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
