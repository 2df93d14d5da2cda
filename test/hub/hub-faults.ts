/** The target of a request: the hub's API, its files, or the storage that it redirects to. */
export type HubPlace = 'api' | 'resolve' | 'storage';

/** A fault of one response. Bytes count from the start of its body. */
export type HubFault =
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'disconnect'; readonly afterBytes: number }
  | { readonly kind: 'stall'; readonly afterBytes: number }
  /** One byte of the body is changed. */
  | { readonly kind: 'wrong-byte'; readonly at: number }
  /** The file is this many zero bytes longer, in its listing too, or shorter if negative. */
  | { readonly kind: 'wrong-size'; readonly by: number }
  /** The response to a range request is the whole file. */
  | { readonly kind: 'no-ranges' }
  /** A redirect to another address in place of the file. */
  | { readonly kind: 'redirect'; readonly location: string };

/** A fault and the responses that have it: the first `times` that match. */
export interface FaultRule {
  readonly place: HubPlace;
  /** Matched against the name of the file, or the path of the API. */
  readonly name: RegExp;
  readonly times: number;
  readonly fault: HubFault;
}

export interface FaultPlan {
  add(rule: FaultRule): void;
  clear(): void;
  /** The fault of the next response. Counts as one of its `times`. */
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
