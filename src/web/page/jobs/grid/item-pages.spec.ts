import type { ItemPage, ItemSummary } from '../job-types.js';
import { createItemPages } from './item-pages.js';

const itemOf = (id: number): ItemSummary => ({
  ...{ id, position: id, identifier: `${id}.jpg`, title: '', state: 'done' },
  ...{ review: 'unreviewed', risk: 0, flags: [], kind: 'image', text: '' },
});

/** Pages of a job with this number of items, and the requests that were made. */
function service(count: number) {
  const requests: (readonly [string | null, number])[] = [];
  const request = (cursor: string | null, limit: number): Promise<ItemPage> => {
    requests.push([cursor, limit]);
    const start = Number(cursor ?? 0);
    const end = Math.min(start + limit, count);
    const data = Array.from({ length: end - start }, (_, index) => itemOf(start + index));
    const next_cursor = end < count ? String(end) : null;
    return Promise.resolve({ data, next_cursor, total: count });
  };
  return { requests, pages: createItemPages(request) };
}

describe('pages of items', () => {
  it('are loaded as far as they are needed, in order', async () => {
    const { pages, requests } = service(1_250);
    await pages.load(1);
    expect([pages.items.value.length, pages.total.value]).toEqual([100, 1_250]);
    await pages.load(100);
    expect(requests).toEqual([[null, 100]]);
    await pages.load(700);
    expect(pages.items.value.map(({ id }) => id)).toEqual(
      Array.from({ length: 1_100 }, (_, i) => i),
    );
    await pages.load(5_000);
    expect(pages.items.value).toHaveLength(1_250);
    expect(requests).toEqual([
      [null, 100],
      ['100', 500],
      ['600', 500],
      ['1100', 500],
    ]);
  });

  it('are requested once by several calls', async () => {
    const { pages, requests } = service(300);
    await Promise.all([pages.load(10), pages.load(300), pages.load(20)]);
    expect(pages.items.value).toHaveLength(300);
    expect(requests).toHaveLength(2);
  });

  it('of an empty list have the total 0', async () => {
    const { pages, requests } = service(0);
    await pages.load(50);
    await pages.load(50);
    expect([pages.items.value, pages.total.value, requests.length]).toEqual([[], 0, 1]);
  });

  it('are tried again after a failure, behind the last page', async () => {
    let isBroken = false;
    const { pages: working } = service(400);
    const pages = createItemPages(async (cursor, limit) => {
      if (isBroken) throw new Error('lost');
      await working.load(400);
      const start = Number(cursor ?? 0);
      const end = Math.min(400, start + limit);
      return {
        data: working.items.value.slice(start, end),
        next_cursor: end < 400 ? String(end) : null,
        total: 400,
      };
    });
    await pages.load(1);
    isBroken = true;
    await pages.load(400);
    expect([pages.items.value.length, String(pages.error.value)]).toEqual([100, 'Error: lost']);
    isBroken = false;
    await pages.load(400);
    expect([pages.items.value.length, pages.error.value]).toEqual([400, null]);
  });

  it('take a changed item, and ignore one that is not loaded', async () => {
    const { pages } = service(3);
    await pages.load(3);
    pages.put({ ...itemOf(1), review: 'reviewed' });
    pages.put({ ...itemOf(9), review: 'reviewed' });
    expect(pages.items.value.map(({ review }) => review)).toEqual([
      'unreviewed',
      'reviewed',
      'unreviewed',
    ]);
  });
});
