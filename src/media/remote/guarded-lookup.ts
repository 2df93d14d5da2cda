import { isIP, type LookupFunction } from 'node:net';

import { rejectedUrl } from './fetch-errors.js';
import type { FetchPolicy } from './fetch-policy.js';

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
