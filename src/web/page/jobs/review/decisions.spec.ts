import type { Item, ItemText } from '../job-types.js';
import {
  applyDecisions,
  firstRequest,
  isDone,
  isPendingDecision,
  type PendingDecision,
  reviewOf,
} from './decisions.js';

const TEXT: ItemText = {
  ...{ number: 0, language: 'ca', kind: 'alt', text: 'una guineu', draft: 'una guineu' },
  ...{ review: 'unreviewed', draft_changed: false, finish_reason: 'stop', flags: [], revisions: 0 },
};
const ITEM: Item = {
  ...{ id: 7, position: 0, identifier: 'a.jpg', title: '', state: 'done', review: 'unreviewed' },
  ...{ risk: 0, flags: [], kind: 'image', text: '', record: {}, source: 'a.jpg', model: null },
  texts: [TEXT, { ...TEXT, number: 1, language: 'es' }],
  ...{ previous: null, next: 8 },
};

const decide = (change: Partial<PendingDecision> = {}): PendingDecision => ({
  ...{ id: 'x', job: 'job_1', item: 7, number: 0, decision: 'accept', author: 'Ona', revision: 0 },
  ...change,
});

describe('pending decisions', () => {
  it('are shown in the item as if they were confirmed', () => {
    const shown = applyDecisions(ITEM, [
      decide({ decision: 'edit', text: 'una guineu a la neu' }),
      decide({ number: 1, decision: 'reject' }),
      decide({ item: 8, number: 1 }),
    ]);
    expect(shown.review).toBe('reviewed');
    expect(shown.texts).toMatchObject([
      { text: 'una guineu a la neu', draft: 'una guineu', review: 'edited', revisions: 1 },
      { text: 'una guineu', review: 'rejected', author: 'Ona', revisions: 1 },
    ]);
  });

  it('about one text follow each other', () => {
    const shown = applyDecisions(ITEM, [
      decide({ decision: 'edit', text: 'una guineu vermella' }),
      decide({ decision: 'reopen', revision: 1 }),
    ]);
    expect(shown.texts[0]).toMatchObject({ review: 'unreviewed', revisions: 2 });
    expect(shown.review).toBe('unreviewed');
  });

  it('leave other items as they are', () => {
    expect(applyDecisions(ITEM, [decide({ item: 8 })])).toBe(ITEM);
  });

  it.each([
    [['unreviewed', 'unreviewed'], 'unreviewed'],
    [['accepted', 'unreviewed'], 'partly'],
    [['accepted', 'rejected'], 'reviewed'],
    [[], 'unreviewed'],
  ] as const)('%j make an item %s', (reviews, state) => {
    expect(reviewOf(reviews.map((review) => ({ review })))).toBe(state);
  });
});

describe('a request', () => {
  it('has the decisions about one item, in their order', () => {
    const pending = [
      decide({ id: 'a' }),
      decide({ id: 'b', number: 1 }),
      decide({ id: 'c', item: 8 }),
    ];
    expect(firstRequest(pending).map(({ id }) => id)).toEqual(['a', 'b']);
    expect(firstRequest([])).toEqual([]);
  });

  it('has one decision about each text, by one person', () => {
    const again = [decide({ id: 'a' }), decide({ id: 'b', decision: 'reopen', revision: 1 })];
    expect(firstRequest(again).map(({ id }) => id)).toEqual(['a']);
    const others = [decide({ id: 'a' }), decide({ id: 'b', number: 1, author: 'Pau' })];
    expect(firstRequest(others).map(({ id }) => id)).toEqual(['a']);
  });
});

describe('a refused decision', () => {
  const stored = (text: Partial<ItemText>): Item => ({ ...ITEM, texts: [{ ...TEXT, ...text }] });

  it('was stored if the service has the same text by the same person', () => {
    const edit = decide({ decision: 'edit', text: 'neu' });
    expect(isDone(stored({ review: 'edited', text: 'neu', author: 'Ona' }), edit)).toBe(true);
    expect(isDone(stored({ review: 'edited', text: 'glaç', author: 'Ona' }), edit)).toBe(false);
    expect(isDone(stored({ review: 'edited', text: 'neu', author: 'Pau' }), edit)).toBe(false);
    expect(isDone(stored({ review: 'accepted', author: 'Ona' }), decide())).toBe(true);
    expect(isDone(stored({ review: 'unreviewed' }), decide())).toBe(false);
  });
});

it('recognizes stored decisions', () => {
  expect(isPendingDecision(JSON.parse(JSON.stringify(decide({ text: 'x' }))))).toBe(true);
  for (const value of [
    null,
    'x',
    {},
    { ...decide(), decision: 'burn' },
    { ...decide(), item: '7' },
  ]) {
    expect(isPendingDecision(value)).toBe(false);
  }
});
