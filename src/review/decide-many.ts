import { SalamandraError } from '../errors/salamandra-error.js';
import { assessItems } from '../jobs/assess-items.js';
import { keyOfText, type ReviewedText, textKey, withoutUndone } from '../jobs/current-texts.js';
import type { JobDatabase } from '../jobs/database/job-database.js';
import type { RevisionRow } from '../jobs/database/tables.js';
import { randomId } from '../jobs/jobs.js';
import {
  checkReviewer,
  lockItems,
  type NewRevision,
  readItemTexts,
  type Reviewer,
  revisionOf,
  storeRevisions,
} from './decide.js';
import { filterCondition, type ItemFilter } from './list-reviewed.js';

/** Items of one transaction, which has a few statements for all of them. A worker that stores a result waits for it. */
const PAGE_ITEMS = 500;
/** Items of one query: a search for a frequent word takes as long for one item as for thousands. */
const QUERY_ITEMS = 5_000;
const GROUP_CHARACTERS = 10;

/** A new name for decisions that are made together. */
export function newGroup(): string {
  return `group_${randomId(GROUP_CHARACTERS)}`;
}

/** The unreviewed texts of items that pass a filter. */
export interface ManyTexts {
  readonly filter: ItemFilter;
  readonly language?: string | undefined;
  readonly kind?: string | undefined;
}

export interface DecidedTexts {
  readonly texts: number;
  readonly items: number;
  /** For `undoGroup`. Empty without any text. */
  readonly group: string;
}

/** The texts and items that `decideMany` would decide about. */
export async function countMany(
  database: JobDatabase,
  jobId: string,
  many: ManyTexts,
): Promise<Omit<DecidedTexts, 'group'>> {
  let [texts, items] = [0, 0];
  for await (const page of pages(database, jobId, many.filter)) {
    for (const item of await readItemTexts(database.db, page)) {
      const count = item.texts.filter((text) => isChosen(text, many)).length;
      texts += count;
      if (count > 0) items++;
    }
  }
  return { texts, items };
}

/**
 * Accepts or rejects all texts that nobody has reviewed, of the items that pass a filter. Texts with a decision keep
 * it. The decisions are a group, which `undoGroup` takes back.
 *
 * @throws INVALID_PARAMETER for an author without a name.
 */
export async function decideMany(
  database: JobDatabase,
  jobId: string,
  reviewer: Reviewer,
  decision: 'accept' | 'reject',
  many: ManyTexts,
): Promise<DecidedTexts> {
  const by = checkReviewer(reviewer);
  const group = newGroup();
  let [texts, items] = [0, 0];
  for await (const page of pages(database, jobId, many.filter)) {
    await database.db.transaction().execute(async (trx) => {
      const found = await readItemTexts(trx, await lockItems(trx, database, jobId, page));
      const rows = found.flatMap(({ id, texts }): NewRevision[] =>
        texts
          .filter((text) => isChosen(text, many))
          .map((text) => ({ ...revisionOf(text, { decision }), job_id: jobId, item_id: id })),
      );
      const changed = [...new Set(rows.map(({ item_id }) => item_id))];
      await storeRevisions(trx, database, by, rows, group);
      // The current texts are what they were.
      await assessItems(trx, database, changed, 'same-words');
      texts += rows.length;
      items += changed.length;
    });
  }
  return { texts, items, group: texts === 0 ? '' : group };
}

/**
 * Takes back the decisions of a group: their texts are as they were before. Texts with a later decision keep that one.
 *
 * @returns the number of texts.
 * @throws NOT_FOUND for a group that the job does not have; INVALID_PARAMETER for an author without a name.
 */
export async function undoGroup(
  database: JobDatabase,
  jobId: string,
  reviewer: Reviewer,
  group: string,
): Promise<number> {
  const by = checkReviewer(reviewer);
  const members = await database.db
    .selectFrom('revision')
    .select('item_id')
    .distinct()
    .where('job_id', '=', jobId)
    .where('group_id', '=', group === '' ? '-' : group)
    .orderBy('item_id')
    .execute();
  if (members.length === 0) {
    throw new SalamandraError('NOT_FOUND', 'The job has no decisions with this group.');
  }
  let texts = 0;
  for (let start = 0; start < members.length; start += PAGE_ITEMS) {
    const ids = members.slice(start, start + PAGE_ITEMS).map(({ item_id }) => item_id);
    await database.db.transaction().execute(async (trx) => {
      const locked = await lockItems(trx, database, jobId, ids);
      const rows = (await readItemTexts(trx, locked)).flatMap(({ id, texts, revisions }) => {
        const ofGroup = lastOfGroup(revisions, group);
        return texts
          .filter((text) => ofGroup.has(keyOfText(text)))
          .map((text): NewRevision => {
            const row = revisionOf(text, { decision: 'reopen' });
            return { ...row, job_id: jobId, item_id: id };
          });
      });
      await storeRevisions(trx, database, by, rows, group);
      await assessItems(trx, database, locked);
      texts += rows.length;
    });
  }
  return texts;
}

/** Keys of the texts whose last decision is of the group. */
function lastOfGroup(revisions: readonly RevisionRow[], group: string): ReadonlySet<string> {
  const last = new Map<string, string>();
  for (const row of withoutUndone(revisions)) {
    last.set(textKey(row.language, row.kind, row.start_seconds), row.group_id);
  }
  return new Set([...last].flatMap(([key, id]) => (id === group ? [key] : [])));
}

function isChosen(text: ReviewedText, { language, kind }: ManyTexts): boolean {
  return (
    text.review === 'unreviewed' &&
    text.text !== '' &&
    (language === undefined || text.language === language) &&
    (kind === undefined || text.kind === kind)
  );
}

/** Ids in portions of a transaction. By position, so that decisions do not change which items come next. */
async function* pages(
  database: JobDatabase,
  jobId: string,
  filter: ItemFilter,
): AsyncGenerator<number[]> {
  const condition = await filterCondition(database, jobId, filter);
  let after = -1;
  for (;;) {
    const rows = await database.db
      .selectFrom('item')
      .select(['id', 'position'])
      .where(condition)
      .where('position', '>', after)
      .orderBy('position')
      .limit(QUERY_ITEMS)
      .execute();
    for (let start = 0; start < rows.length; start += PAGE_ITEMS) {
      yield rows.slice(start, start + PAGE_ITEMS).map(({ id }) => id);
    }
    if (rows.length < QUERY_ITEMS) return;
    after = rows.at(-1)?.position ?? after;
  }
}
