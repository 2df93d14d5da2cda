import { readFileSync } from 'node:fs';

import type { Page, Route } from 'playwright-core';
import sharp from 'sharp';

import type {
  Item,
  ItemSummary,
  ItemText,
  JobDetails,
} from '../../../src/web/page/jobs/job-types.js';
import { samplePath } from './add-files.js';

/** The job of the fake routes. */
export const FAKE_JOB = 'job_0000000001';

const PICTURES = ['fox.png', 'meadow.jpg', 'owl-and-guitar.jpg', 'penguin.webp', 'street.png'];
const LANGUAGES = ['ca', 'en', 'eu'];
const WORDS: Readonly<Record<string, string>> = {
  ca: 'Una guineu vermella travessa el camp nevat, davant d’una casa de pagès.',
  en: 'A red fox crosses the snowy field in front of a farmhouse.',
  eu: 'Azeri gorri batek soro elurtua zeharkatzen du, baserri baten aurrean.',
};
const FLAGS = ['cut_off', 'repetition', 'duplicate', 'no_full_stop'];

export interface FakeJobs {
  /** Bodies of the decisions that were sent, in order. */
  readonly decisions: { readonly item: number; readonly body: unknown }[];
  /** Paths of the requests that decide about many texts or take that back, without trial runs. */
  readonly bulk: string[];
  /** Texts that another person has changed: by item and number, `7/0`. The next decision about them is refused. */
  readonly changed: Set<string>;
  /** Where its items are from. */
  source: JobDetails['source'];
  /** Requests for pages of items. */
  readonly pages: string[];
}

/**
 * Answers the requests of a page about jobs in place of the service: one job whose items repeat a few pictures. For
 * what depends on the page alone, such as its look and its speed with many items.
 */
export async function fakeJobs(page: Page, count: number): Promise<FakeJobs> {
  const source = { kind: 'folder', path: '/fons/1931' };
  const fake: FakeJobs = { decisions: [], bulk: [], changed: new Set(), source, pages: [] };
  const items = new Map<number, Item>();
  const itemOf = (id: number) => items.get(id) ?? createItem(id, count);
  const thumbnails = await Promise.all(
    PICTURES.map((name) =>
      sharp(samplePath(name)).resize(256, 256, { fit: 'inside' }).webp().toBuffer(),
    ),
  );
  await page.route(/\/v1\/jobs(?:$|[/?])/, async (route) => {
    const request = route.request();
    const { pathname, searchParams } = new URL(request.url());
    const [job, ...rest] = pathname.replace(/^.*\/v1\/jobs\/?/, '').split('/');
    const body = (): Record<string, unknown> => request.postDataJSON() as Record<string, unknown>;
    const [part, id, action] = rest;
    if (job === '') {
      await json(route, { object: 'list', data: [jobOf(count)], next: null });
      return;
    }
    if (part === undefined) {
      await json(route, { ...jobOf(count), source: fake.source });
      return;
    }
    if (part === 'events') {
      await sendEvents(route, count);
      return;
    }
    if (part === 'skipped') {
      await json(route, { object: 'list', data: [], next: null });
      return;
    }
    if (part === 'review' && id === 'counts') {
      await json(route, countsOf(count));
      return;
    }
    if (part === 'review') {
      if (request.method() === 'POST') {
        const isDry = body()['dry_run'] === true;
        if (!isDry) fake.bulk.push(rest.join('/'));
        const result = { texts: count * 2, items: count, group: isDry ? null : 'group_1' };
        await json(route, id === undefined ? result : { texts: count * 2 });
        return;
      }
      fake.pages.push(searchParams.toString());
      await sendPage(route, searchParams, count, itemOf);
      return;
    }
    if (part !== 'items' || id === undefined) {
      await route.fulfill({ status: 404 });
      return;
    }
    const number = Number(id);
    if (action === 'thumbnail' || action === 'media') {
      const thumbnail = thumbnails[number % PICTURES.length];
      const large = readFileSync(samplePath(PICTURES[number % PICTURES.length] ?? ''));
      const picture = action === 'media' ? large : (thumbnail ?? large);
      const type = action === 'media' ? 'image/*' : 'image/webp';
      await route.fulfill({ body: picture, contentType: type });
      return;
    }
    if (action === 'review') {
      const { author, decisions } = body() as {
        author: string;
        decisions: { number: number; decision: string; text?: string }[];
      };
      const refused = decisions.find((each) => fake.changed.has(`${id}/${each.number}`));
      if (refused) {
        fake.changed.delete(`${id}/${refused.number}`);
        items.set(
          number,
          decide(itemOf(number), refused.number, 'edit', 'Montse', 'Una altra guineu.'),
        );
        await conflict(route);
        return;
      }
      fake.decisions.push({ item: number, body: { author, decisions } });
      let item = itemOf(number);
      for (const each of decisions) {
        item = decide(item, each.number, each.decision, author, each.text);
      }
      items.set(number, item);
      await json(route, item);
      return;
    }
    if (action === 'regenerate') {
      await json(route, {}, 202);
      return;
    }
    await json(route, itemOf(number));
  });
  return fake;
}

async function json(route: Route, body: object, status = 200): Promise<void> {
  await route.fulfill({ status, json: body });
}

async function conflict(route: Route): Promise<void> {
  const problem = { code: 'REVIEW_CONFLICT', detail: 'Montse changed it.', retryable: false };
  await route.fulfill({ status: 409, json: problem, contentType: 'application/problem+json' });
}

async function sendEvents(route: Route, count: number): Promise<void> {
  const body = `event: progress\ndata: ${JSON.stringify(jobOf(count))}\n\n`;
  await route.fulfill({ contentType: 'text/event-stream', body });
}

async function sendPage(
  route: Route,
  query: URLSearchParams,
  count: number,
  itemOf: (id: number) => Item,
): Promise<void> {
  const start = Number(query.get('cursor') ?? 1);
  const end = Math.min(count + 1, start + Number(query.get('limit')));
  const data = Array.from({ length: end - start }, (_, index) => summaryOf(itemOf(start + index)));
  const next_cursor = end <= count ? String(end) : null;
  await json(route, { object: 'list', data, next_cursor, total: count });
}

function jobOf(count: number): JobDetails {
  return {
    ...{ id: FAKE_JOB, kind: 'archive', name: 'Fons fotogràfic 1931', state: 'done' },
    ...{ waiting_reason: null, source: { kind: 'folder' } },
    recipe: { languages: LANGUAGES, kinds: ['alt'], detail: 'auto' },
    model: { id: '7b-vision', precision: 'int4' },
    ...{ pilot: null, is_listed: true, items_per_hour: 412, seconds_left: 0 },
    counts: { total: count, queued: 0, active: 0, done: count - 2, failed: 2, skipped: 7 },
    ...{ created: '2026-03-02T08:30:00Z', finished: '2026-03-03T16:00:00Z' },
    failures: [{ code: 'MEDIA_CORRUPT', items: 2 }],
    pilot_result: null,
  };
}

function countsOf(count: number): object {
  return {
    total: count,
    by_state: { done: count - 2, failed: 2 },
    by_review: { unreviewed: count - 4, partly: 1, reviewed: 3, edited: 2, rejected: 1 },
    by_flag: { cut_off: 12, repetition: 9, duplicate: 31, no_full_stop: 4 },
    with_person_text: 2,
    failed: 2,
  };
}

function createItem(id: number, count: number): Item {
  const flag = FLAGS[id % 7];
  const texts = LANGUAGES.map((language, number): ItemText => ({
    ...{ number, language, kind: 'alt', text: WORDS[language] ?? '', draft: WORDS[language] ?? '' },
    ...{ review: 'unreviewed', draft_changed: false, finish_reason: 'stop', revisions: 0 },
    flags: flag !== undefined && number === 0 ? [flag] : [],
  }));
  const identifier = `1931/AF-${String(id).padStart(5, '0')}.jpg`;
  return {
    ...{ id, position: id, identifier, title: `Plaça de l’Església, ${id}`, state: 'done' },
    ...{ review: 'unreviewed', risk: 1 / id, flags: flag === undefined ? [] : [flag] },
    ...{ kind: 'image', text: WORDS['ca'] ?? '', source: `/fons/${identifier}` },
    record: { Títol: `Plaça de l’Església, ${id}`, Data: '1931', Autor: 'Anònim', Lloc: 'Girona' },
    model: { id: '7b-vision', precision: 'int4' },
    texts,
    previous: id > 1 ? id - 1 : null,
    next: id < count ? id + 1 : null,
  };
}

function summaryOf(item: Item): ItemSummary {
  const { id, position, identifier, title, state, review, risk, flags, kind, text } = item;
  return { id, position, identifier, title, state, review, risk, flags, kind, text };
}

/** The item after a decision about one of its texts. */
function decide(
  item: Item,
  number: number,
  decision: string,
  author: string,
  text: string | undefined,
): Item {
  const states = { accept: 'accepted', edit: 'edited', reject: 'rejected' } as const;
  const review = states[decision as keyof typeof states] as ItemText['review'] | undefined;
  const texts = item.texts.map((each) =>
    each.number === number
      ? {
          ...{ ...each, text: text ?? each.text, review: review ?? 'unreviewed', author },
          ...{ reviewed_at: '2026-03-04T09:00:00Z', revisions: each.revisions + 1 },
        }
      : each,
  );
  const reviewed = texts.filter((each) => each.review !== 'unreviewed').length;
  const state = reviewed === 0 ? 'unreviewed' : reviewed === texts.length ? 'reviewed' : 'partly';
  return { ...item, texts, review: state };
}
