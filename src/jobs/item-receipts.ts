import { canonicalJson, type Receipt } from '../engine/receipts/receipt.js';

/** The receipts of an item's texts as they are stored: what all have in common once, the rest by number of the text. */
interface PackedReceipts {
  readonly shared: Partial<Receipt>;
  readonly own: readonly (Partial<Receipt> | null)[];
}

/** @returns an object to spread into the report of an item: empty without receipts. */
export function packReceipts(receipts: readonly (Receipt | undefined)[]): {
  readonly receipts?: PackedReceipts;
} {
  const [first, ...others] = receipts.flatMap((receipt) => receipt ?? []);
  if (!first) return {};
  const isShared = (name: string, value: unknown) => {
    const text = canonicalJson(value);
    return others.every((receipt) => canonicalJson(receipt[name as keyof Receipt]) === text);
  };
  const shared = Object.entries(first).filter(([name, value]) => isShared(name, value));
  const names = new Set(shared.map(([name]) => name));
  const own = receipts.map(
    (receipt) =>
      receipt && Object.fromEntries(Object.entries(receipt).filter(([name]) => !names.has(name))),
  );
  return {
    receipts: { shared: Object.fromEntries(shared), own: own.map((one) => one ?? null) },
  };
}

/** Separates the stored report of an item from the receipts of its texts, by number of the text. */
export function unpackReport(outcome: string): {
  readonly report: Readonly<Record<string, unknown>>;
  readonly receipts: readonly (Receipt | undefined)[];
} {
  const stored = outcome === '' ? {} : (JSON.parse(outcome) as StoredReport);
  const { receipts, ...report } = stored;
  const unpacked = receipts?.own.map((own) =>
    own ? ({ ...receipts.shared, ...own } as Receipt) : undefined,
  );
  return { report, receipts: unpacked ?? [] };
}

type StoredReport = Readonly<Record<string, unknown>> & { readonly receipts?: PackedReceipts };
