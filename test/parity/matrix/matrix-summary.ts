import type { ConversationReport } from '../compare-conversation.js';
import { exponent } from '../image-row.js';
import type { MediaReference } from '../references.js';
import type { VariantReport } from './compare-variant.js';
import type { MatrixVariant } from './matrix-references.js';

/** A row of the matrix, and what the product does with its checkpoint. */
export interface MatrixResult {
  readonly variant: MatrixVariant;
  readonly report: VariantReport;
}

/** The checkpoints and conversations with one value of an axis. */
interface Share {
  readonly checkpoints: Set<MatrixVariant>;
  readonly conversations: ConversationReport[];
}

const COLUMNS = ['checkpoints', 'prompts', 'ids', 'tiles', 'logits', 'greedy'];
const WIDTHS = [11, 7, 9, 9, 8, 9];
const NAME_WIDTH = 46;

/**
 * The results by axis: for each value the number of checkpoints and prompts; the prompts with equal ids, with equal
 * tiles and with equal greedy tokens; the largest difference of the logits. Refused checkpoints are left out.
 */
export function formatMatrixSummary(results: readonly MatrixResult[]): string {
  const axes = new Map<string, Map<string, Share>>();
  const all: Share = { checkpoints: new Set(), conversations: [] };
  for (const { variant, report } of results) {
    if (report.kind !== 'compared') continue;
    for (const conversation of report.conversations) {
      const input = inputOf(conversation.one.media);
      const shares = Object.entries({ ...variant.axes, input }).map(([axis, value]) => {
        if (!axes.has(axis)) axes.set(axis, new Map());
        return shareOf(axes.get(axis)!, value);
      });
      for (const { checkpoints, conversations } of [...shares, all]) {
        checkpoints.add(variant);
        conversations.push(conversation);
      }
    }
  }
  const lines = [formatLine('summary by axis', COLUMNS), formatShare('all', all)];
  for (const [axis, shares] of axes) {
    lines.push(axis, ...[...shares].map(([value, share]) => formatShare(`  ${value}`, share)));
  }
  return lines.join('\n');
}

function shareOf(shares: Map<string, Share>, value: string): Share {
  const share = shares.get(value) ?? { checkpoints: new Set(), conversations: [] };
  shares.set(value, share);
  return share;
}

function inputOf(media: readonly MediaReference[]): string {
  const kinds = new Set(media.map(({ kind }) => kind));
  if (kinds.size === 2) return 'pictures and clip';
  if (kinds.has('video')) return 'clip';
  return ['text only', 'one picture'][media.length] ?? 'several pictures';
}

function formatShare(name: string, { checkpoints, conversations }: Share): string {
  const count = (isEqual: (one: ConversationReport) => boolean) =>
    `${conversations.filter(isEqual).length}/${conversations.length}`;
  return formatLine(name, [
    `${checkpoints.size}`,
    `${conversations.length}`,
    count(({ idsEqual }) => idsEqual),
    count(({ tilesEqual }) => tilesEqual),
    exponent(Math.max(...conversations.map(({ logits }) => logits.maxAbs))),
    count(({ greedyEqual, one }) => greedyEqual === one.greedyIds.length),
  ]);
}

function formatLine(name: string, cells: readonly string[]): string {
  const padded = cells.map((cell, column) => cell.padStart(WIDTHS[column]!));
  return [name.padEnd(NAME_WIDTH), ...padded].join('  ');
}
