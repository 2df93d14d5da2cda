/** Where a request arrives: the hub's API, its files, or the storage it redirects to. */
export type HubPlace = 'api' | 'resolve' | 'storage';

/** What goes wrong with one answer. Bytes count from the start of that answer's body. */
export type HubFault =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterSeconds?: number }
  | { readonly kind: 'disconnect'; readonly afterBytes: number }
  | { readonly kind: 'stall'; readonly afterBytes: number }
  /** One byte of the body is another. */
  | { readonly kind: 'wrong-byte'; readonly at: number }
  /** The file claims, and has, so many zero bytes more, or fewer if negative. */
  | { readonly kind: 'wrong-size'; readonly by: number }
  /** The whole file in answer to a range. */
  | { readonly kind: 'no-ranges' }
  /** An answer from elsewhere on this machine's network in place of the file. */
  | { readonly kind: 'redirect'; readonly location: string };

/** A fault, and the answers it befalls: the first `times` that match. */
export interface FaultRule {
  readonly place: HubPlace;
  /** Tested against the name of the file, or the path of the API. */
  readonly name: RegExp;
  readonly times: number;
  readonly fault: HubFault;
}

export interface FaultPlan {
  add(rule: FaultRule): void;
  clear(): void;
  /** The fault of the next answer, which uses it up. */
  next(place: HubPlace, name: string): HubFault | undefined;
}

export function createFaultPlan(): FaultPlan {
  let rules: FaultRule[] = [];
  return {
    add: (rule) => rules.push(rule),
    clear: () => {
      rules = [];
    },
    next: (place, name) => {
      const found = rules.find((rule) => rule.place === place && rule.name.test(name));
      if (!found) return undefined;
      rules = rules
        .map((rule) => (rule === found ? { ...rule, times: rule.times - 1 } : rule))
        .filter(({ times }) => times > 0);
      return found.fault;
    },
  };
}
