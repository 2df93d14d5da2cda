import { languageCheckJson } from '../../language/check/language-check-json.js';
import type { PinnedModel } from '../../jobs/recipe.js';
import type { RevisionRow } from '../../jobs/database/tables.js';
import { toIso } from '../../jobs/job-json.js';
import type { ReviewCounts } from '../../review/review-counts.js';
import type { ReviewedItem, ReviewedText } from '../../review/reviewed-items.js';

/** An item in a list. @param language of `text`; undefined: the first one. */
export function itemSummary(item: ReviewedItem, language?: string): object {
  const { id, position, identifier, state, review, risk, flags, error } = item;
  const shown = item.texts.find((text) => text.language === language) ?? item.texts[0];
  const { kind, duration } = mediaOf(item);
  return {
    ...{ id, position, identifier, title: titleOf(item) },
    state: state === 'dead' ? 'failed' : state,
    ...{ review, risk, flags, kind },
    ...(duration !== undefined && { duration }),
    text: shown?.text ?? '',
    ...(error && { error }),
  };
}

/** An item with all its texts. */
export function itemDetail(
  item: ReviewedItem,
  model: PinnedModel | null,
  language?: string,
): object {
  const { record, source, sha256, report } = item;
  return {
    ...itemSummary(item, language),
    ...{ record, source, sha256, report, model },
    finished: toIso(item.finishedAt),
    texts: item.texts.map(textJson),
  };
}

function textJson(text: ReviewedText): object {
  const { number, language, kind, segment, draft, review, author, reviewedAt } = text;
  return {
    ...{ number, language, kind },
    ...(segment && { start: segment.startSeconds, end: segment.endSeconds }),
    ...{ text: text.text, draft, review },
    ...(author !== undefined && { author }),
    ...(reviewedAt !== undefined && { reviewed_at: toIso(reviewedAt) }),
    draft_changed: text.draftChanged,
    finish_reason: text.finishReason,
    ...{ flags: text.flags, revisions: text.revisions },
    language_check: languageCheckJson(text.text, language),
    ...(text.receipt && { receipt: text.receipt }),
  };
}

export function revisionJson(row: RevisionRow): object {
  const { id, decision, text, draft, author, origin, group_id: group, created_at } = row;
  return {
    ...{ id, decision, text, draft, author, origin },
    group: group === '' ? null : group,
    created: toIso(created_at),
  };
}

export function countsJson(counts: ReviewCounts): object {
  const { total, byState, byReview, byFlag, withPersonText } = counts;
  const { dead: failed, ...states } = byState;
  return {
    total,
    by_state: { ...states, failed },
    by_review: byReview,
    by_flag: byFlag,
    with_person_text: withPersonText,
    failed,
  };
}

/** Names of record columns that hold a title, in lower case without marks. */
const TITLE = /^(dc:)?(title|titol|titulo|titre|titolo|titel|label)(@.*)?$/;

function titleOf({ record, identifier }: ReviewedItem): string {
  const title = Object.entries(record).find(
    ([name, value]) =>
      value !== '' && TITLE.test(name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()),
  );
  return title?.[1] ?? identifier;
}

/** By the report, and before an item is done by the name of its file. */
function mediaOf({ report, source }: ReviewedItem): {
  readonly kind: 'image' | 'video';
  readonly duration?: number;
} {
  const media = report['media'] as { kind?: string; duration_seconds?: number } | undefined;
  const isVideo = media?.kind === undefined ? isVideoName(source) : media.kind === 'video';
  const duration = media?.duration_seconds;
  return { kind: isVideo ? 'video' : 'image', ...(duration !== undefined && { duration }) };
}

const VIDEO_NAME = /\.(mp4|m4v|mov|3gp|mkv|webm|avi|mpe?g|vob|m?ts|m2ts|flv|wmv|ogv|mxf|dv)$/i;

function isVideoName(source: string): boolean {
  return VIDEO_NAME.test(source);
}
