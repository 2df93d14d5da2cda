import type { Decision, Item, ItemSummary, ItemText, ReviewState } from '../job-types.js';

/** A decision of the person about one text, until the service has confirmed it. */
export interface PendingDecision {
  readonly id: string;
  readonly job: string;
  readonly item: number;
  /** The number of the text. */
  readonly number: number;
  readonly decision: Decision;
  /** The new text of an edit. */
  readonly text?: string;
  readonly author: string;
  /** The number of revisions that the person saw. */
  readonly revision: number;
}

/** Review states after a decision. */
const STATES: Readonly<Record<Decision, ReviewState>> = {
  accept: 'accepted',
  edit: 'edited',
  reject: 'rejected',
  reopen: 'unreviewed',
};

/** An item as it will be when the service has confirmed the pending decisions about it. */
export function applyDecisions(item: Item, pending: readonly PendingDecision[]): Item {
  const own = pending.filter((each) => each.item === item.id);
  if (own.length === 0) return item;
  const texts = item.texts.map((text) =>
    own.filter(({ number }) => number === text.number).reduce(applyDecision, text),
  );
  return { ...item, texts, review: reviewOf(texts) };
}

function applyDecision(
  text: ItemText,
  { decision, text: edited, author }: PendingDecision,
): ItemText {
  return {
    ...text,
    text: edited ?? text.text,
    review: STATES[decision],
    author,
    draft_changed: false,
    revisions: text.revisions + 1,
  };
}

/** The review state of an item with these texts. */
export function reviewOf(texts: readonly Pick<ItemText, 'review'>[]): ItemSummary['review'] {
  const reviewed = texts.filter(({ review }) => review !== 'unreviewed').length;
  if (reviewed === 0) return 'unreviewed';
  return reviewed === texts.length ? 'reviewed' : 'partly';
}

/** The decisions that are sent in one request: the first ones, as long as they are about one item by one person. */
export function firstRequest(pending: readonly PendingDecision[]): readonly PendingDecision[] {
  const [first] = pending;
  if (!first) return [];
  const isOther = (each: PendingDecision) =>
    each.job !== first.job || each.item !== first.item || each.author !== first.author;
  const end = pending.findIndex(isOther);
  const same = end < 0 ? pending : pending.slice(0, end);
  // A second decision about a text builds on the revision that the first one makes.
  const numbers = same.map(({ number }) => number);
  const repeated = numbers.findIndex((number, index) => numbers.indexOf(number) < index);
  return repeated < 0 ? same : same.slice(0, repeated);
}

/** Whether the service has what a refused decision asked for: it was stored, and the reply was lost. */
export function isDone(
  { texts }: Item,
  { number, decision, text, author }: PendingDecision,
): boolean {
  const stored = texts.find((each) => each.number === number);
  if (!stored || stored.review !== STATES[decision] || stored.author !== author) return false;
  return text === undefined || stored.text === text;
}

/** Whether a stored value is a pending decision. */
export function isPendingDecision(value: unknown): value is PendingDecision {
  if (typeof value !== 'object' || value === null) return false;
  const { id, job, item, number, decision, text, author, revision } = value as Record<
    string,
    unknown
  >;
  return (
    [id, job, author].every((each) => typeof each === 'string') &&
    [item, number, revision].every((each) => Number.isSafeInteger(each)) &&
    typeof decision === 'string' &&
    decision in STATES &&
    (text === undefined || typeof text === 'string')
  );
}
