import type { ExportContext, Omission } from '../../src/exports/export-format.js';
import { DEFAULT_SETTINGS } from '../../src/exports/export-job.js';
import type { ReviewedItem, ReviewedText } from '../../src/review/reviewed-items.js';

export const MODEL = { id: 'demo', revision: 'a1b2', precision: 'int8' };
export const NOW = new Date('2026-11-30T10:00:00.000Z');

/** A text that nobody reviewed. */
export function createText(text: string, changes: Partial<ReviewedText> = {}): ReviewedText {
  return {
    ...{ number: 0, language: 'ca', kind: 'caption', text, draft: text, review: 'unreviewed' },
    ...{ draftChanged: false, finishReason: 'stop', flags: [], revisions: 0 },
    ...changes,
  };
}

/** A text that a person edited. */
export function createEdited(text: string, changes: Partial<ReviewedText> = {}): ReviewedText {
  const reviewedAt = Date.UTC(2026, 10, 29, 12);
  const review = { review: 'edited', author: 'Núria Ñ.', reviewedAt, revisions: 1 } as const;
  return createText(text, { draft: 'a draft', ...review, ...changes });
}

/** An image of the folder `/photos`. */
export function createItem(
  identifier: string,
  texts: readonly ReviewedText[],
  changes: Partial<ReviewedItem> = {},
): ReviewedItem {
  return {
    ...{ id: 1, position: 0, identifier, record: {}, source: `/photos/${identifier}` },
    location: { kind: 'file', path: `/photos/${identifier}` },
    ...{ state: 'done', review: 'unreviewed', sha256: 'ab', finishedAt: NOW.getTime() - 1_000 },
    ...{ risk: 0, flags: [], texts },
    report: { media: { kind: 'image', width: 640, height: 480 } },
    ...changes,
  };
}

/** A clip of 60 seconds. */
export function createClip(
  identifier: string,
  texts: readonly ReviewedText[],
  changes: Partial<ReviewedItem> = {},
): ReviewedItem {
  const report = { media: { kind: 'video', width: 640, height: 480, duration_seconds: 60 } };
  return createItem(identifier, texts, { report, ...changes });
}

export interface TestContext extends ExportContext {
  readonly omissions: Omission[];
}

export function createContext(
  items: readonly ReviewedItem[],
  {
    settings,
    job,
    choice,
    ...changes
  }: Partial<Pick<ExportContext, 'choice' | 'tools' | 'readExisting'>> & {
    readonly settings?: Partial<ExportContext['settings']>;
    readonly job?: Partial<ExportContext['job']>;
  } = {},
): TestContext {
  const omissions: Omission[] = [];
  return {
    job: {
      ...{ id: 'job_1', name: 'photos', model: MODEL, recipe: null },
      source: { kind: 'folder', path: '/photos' },
      ...job,
    },
    items: () => listItems(items),
    choice: { reviewedOnly: false, ...choice },
    settings: { ...DEFAULT_SETTINGS, ...settings },
    tools: {
      version: '1.2.3',
      drawThumbnail: () => Promise.resolve(new Uint8Array([1, 2, 3])),
      readDocument: () => Promise.reject(new Error('No document.')),
    },
    now: NOW,
    omit: (omission) => void omissions.push(omission),
    omissions,
    ...changes,
  };
}

async function* listItems(items: readonly ReviewedItem[]): AsyncGenerator<ReviewedItem> {
  await Promise.resolve();
  yield* items;
}

export async function join(chunks: AsyncIterable<string | Uint8Array>): Promise<string> {
  const parts: Buffer[] = [];
  for await (const chunk of chunks) parts.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(parts).toString('utf8');
}

export async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const value of values) list.push(value);
  return list;
}
