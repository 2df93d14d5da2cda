import type { ConversationReport } from './compare-conversation.js';
import { distance, exponent, mark } from './image-row.js';

export const CONVERSATION_COLUMNS = [
  ...['media', 'tokens', 'ids', 'tiles', 'features', 'packed', 'logits', 'logprobs', 'greedy'],
  'pipeline',
];
export const CONVERSATION_WIDTHS = [5, 17, 3, 5, 17, 17, 17, 8, 6, 8];

/** The cells of a conversation's row. */
export function conversationCells(report: ConversationReport): string[] {
  const { one, countsEqual, idsEqual, tilesEqual, features, embeddings, logits } = report;
  const counts = one.media.map(({ visualTokens }) => visualTokens).join(' + ') || '0';
  return [
    `${one.media.length}`,
    `${counts}${mark(countsEqual)}`,
    mark(idsEqual).trim(),
    mark(tilesEqual).trim(),
    features ? distance(features) : '-',
    embeddings ? distance(embeddings) : '-',
    distance(logits),
    exponent(report.logprobs.maxAbs),
    `${report.greedyEqual}/${one.greedyIds.length}`,
    mark(report.pipelineEqual).trim(),
  ];
}
