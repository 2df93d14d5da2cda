import type { Receipt } from '../engine/receipts/receipt.js';
import type { ItemText } from './claims.js';
import type { RevisionRow } from './database/tables.js';
import { flagsOfText } from './flags.js';

/** What the last decision about a text says; without one, and after `reopened`, it is unreviewed. */
type ReviewState = 'unreviewed' | 'accepted' | 'edited' | 'rejected';

/** A text of an item, with what was decided about it. */
export interface ReviewedText {
  /** Of the text within its item: that of the draft. A person's text without a draft has a negative one. */
  readonly number: number;
  readonly language: string;
  readonly kind: string;
  readonly segment?: { readonly startSeconds: number; readonly endSeconds: number };
  /** The current text: a person's, else the one that was accepted, else the draft. */
  readonly text: string;
  /** What the model wrote last; empty if it wrote none for this language, kind and segment. */
  readonly draft: string;
  readonly review: ReviewState;
  /** Of the last decision: name of the person, and milliseconds since 1970. */
  readonly author?: string;
  readonly reviewedAt?: number;
  /** Whether the model wrote another draft after the last decision. */
  readonly draftChanged: boolean;
  /** Why the draft ends; empty without a draft. */
  readonly finishReason: string;
  readonly flags: readonly string[];
  /** Number of decisions. A client sends it back, so that it does not overwrite a decision that it has not seen. */
  readonly revisions: number;
  /** Of the draft. */
  readonly receipt?: Receipt;
}

/**
 * The texts of an item. A text is identified by language, kind and start of the segment, so that decisions stay with it
 * when the item is run again.
 *
 * @param drafts in the order of their numbers.
 * @param revisions of this item, the oldest first.
 */
export function currentTexts(
  drafts: readonly ItemText[],
  revisions: readonly RevisionRow[],
): ReviewedText[] {
  const decisions = new Map<string, RevisionRow[]>();
  for (const row of revisions) {
    const key = textKey(row.language, row.kind, row.start_seconds);
    const list = decisions.get(key);
    if (list) list.push(row);
    else decisions.set(key, [row]);
  }
  const texts = drafts.map((draft, number) => {
    const key = keyOfText(draft);
    const list = decisions.get(key) ?? [];
    decisions.delete(key);
    return reviewedText(number, draft, list);
  });
  // Of texts that the last run did not write: other segments, for example.
  for (const list of decisions.values()) {
    const [first] = list;
    const text = first && reviewedText(-first.id, withoutDraft(first), list);
    // Empty if all of it was undone.
    if (text && text.text !== '') texts.push(text);
  }
  return texts;
}

/** Names a text within its item. */
export function textKey(language: string, kind: string, startSeconds: number | null): string {
  return JSON.stringify([language, kind, startSeconds]);
}

/** Names a text within its item. */
export function keyOfText({
  language,
  kind,
  segment,
}: Pick<ItemText, 'language' | 'kind' | 'segment'>): string {
  return textKey(language, kind, segment?.startSeconds ?? null);
}

function reviewedText(
  number: number,
  { language, kind, segment, text: draft, finishReason }: ItemText,
  decisions: readonly RevisionRow[],
): ReviewedText {
  const last = decisions.at(-1);
  const valid = withoutUndone(decisions);
  const text = decidedText(valid) ?? draft;
  const isDraft = text === draft;
  return {
    ...{ number, language, kind },
    ...(segment && { segment }),
    ...{ text, draft, review: reviewState(valid.at(-1)) },
    ...(last && { author: last.author, reviewedAt: last.created_at }),
    draftChanged: valid.length > 0 && valid.at(-1)?.draft !== draft,
    finishReason,
    flags: flagsOfText({ language, kind, text, finishReason: isDraft ? finishReason : 'stop' }),
    revisions: decisions.length,
  };
}

/** Decisions that count: a group that was undone later never was. */
export function withoutUndone(decisions: readonly RevisionRow[]): RevisionRow[] {
  const undone = new Set(
    decisions.flatMap(({ decision, group_id }) => (decision === 'reopened' ? [group_id] : [])),
  );
  return decisions.filter(({ group_id }) => group_id === '' || !undone.has(group_id));
}

/**
 * The text of the last decision that has one. After `rejected` and `reopened`, a text that a person wrote stays; a
 * draft that was accepted gives way to the newest one.
 */
function decidedText(decisions: readonly RevisionRow[]): string | undefined {
  const last = decisions.at(-1);
  if (last?.decision === 'accepted' || last?.decision === 'edited') return last.text;
  return decisions.findLast(({ decision }) => decision === 'edited')?.text;
}

function reviewState(last: RevisionRow | undefined): ReviewState {
  return last === undefined || last.decision === 'reopened' ? 'unreviewed' : last.decision;
}

function withoutDraft({ language, kind, start_seconds, end_seconds }: RevisionRow): ItemText {
  const segment =
    start_seconds === null || end_seconds === null
      ? undefined
      : { startSeconds: start_seconds, endSeconds: end_seconds };
  return { language, kind, ...(segment && { segment }), text: '', finishReason: '' };
}
