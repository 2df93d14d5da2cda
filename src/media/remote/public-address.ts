import { isIP } from 'node:net';

import ipaddr from 'ipaddr.js';

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
