import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { list, names, outcomeOf, request, MODEL } from '../../test/jobs/job-fixture.js';
import {
  findPostgres,
  freePort,
  type PostgresCluster,
  startCluster,
} from '../../test/jobs/postgres-cluster.js';
import { createRandom } from '../decoder/sampling/random.js';
import { claimItems, type ItemText } from '../jobs/claims.js';
import type { JobDatabase } from '../jobs/database/job-database.js';
import { type DatabaseLocation, openJobDatabase } from '../jobs/database/open-database.js';
import { finishItems } from '../jobs/finish-items.js';
import { retryItems } from '../jobs/items.js';
import { createJob } from '../jobs/jobs.js';
import { decide } from './decide.js';
import { decideMany, newGroup, undoGroup } from './decide-many.js';
import { importTexts } from './import/import-texts.js';
import type { ImportedText } from './import/read-import.js';
import { readReviewedItems, type ReviewedItem, type ReviewedText } from './reviewed-items.js';
import { parseVersion, textVersion } from './text-version.js';

const ITEMS = 3;
const STEPS = 60;
const SEEDS = [1, 2, 3, 4];

/**
 * Random sequences of runs, other segments, decisions, exports and imports. After each step, every text that a person
 * wrote is the current one, and the history has only grown.
 */
class Sequence {
  private readonly random: () => number;
  /** What a person wrote last, by item and text, until a person decides otherwise. */
  private readonly persons = new Map<string, string>();
  private history: readonly { id: number }[] = [];
  private exported: { entry: ImportedText; key: string }[] = [];
  /** Of decisions that were made together, with the texts of persons before them. */
  private group: { readonly id: string; readonly before: ReadonlyMap<string, string> } | undefined;
  private steps = 0;
  private lastGroup = '';

  constructor(
    private readonly database: JobDatabase,
    private readonly jobId: string,
    seed: number,
  ) {
    this.random = createRandom(seed);
  }

  async run(): Promise<number> {
    const steps = [
      () => this.rerun(),
      () => this.rerun(),
      () => this.edit(),
      () => this.edit(),
      () => this.acceptOrReject(),
      () => this.acceptMany(),
      () => this.undo(),
      () => this.export(),
      () => this.importAgain(),
      () => this.importEdit(),
    ];
    await this.rerun();
    for (; this.steps < STEPS; this.steps++) {
      await this.pick(steps)();
      await this.check();
    }
    return this.persons.size;
  }

  private async rerun(): Promise<void> {
    const ids = (await this.items()).map(({ id }) => id).filter(() => this.random() < 0.7);
    await retryItems(this.database, this.jobId, ids, { hint: `run ${this.steps}` });
    const options = { limit: ITEMS, modelName: 'demo', isIdle: true };
    for (const claim of await claimItems(this.database, 'w', MODEL, options)) {
      const outcome = { ...outcomeOf(claim), texts: this.drafts(), size: 1 };
      // One result in three comes from a worker whose lease was lost.
      const stale = { claim: { ...claim, epoch: claim.epoch - 1 }, outcome };
      if (this.random() < 0.3) await finishItems(this.database, [stale]);
      await finishItems(this.database, [{ claim, outcome }]);
    }
  }

  /** Texts of the whole, or of segments whose times differ from run to run. */
  private drafts(): ItemText[] {
    const text = `draft ${Math.floor(this.random() * 5)}`;
    const whole = ['ca', 'es'].map((language) => ({ language, kind: 'alt', text }));
    const starts = [0, 1.5, 4].filter(() => this.random() < 0.5);
    const segments = starts.map((startSeconds) => ({
      ...{ language: 'ca', kind: 'caption', text },
      segment: { startSeconds, endSeconds: startSeconds + 1 },
    }));
    return [...whole, ...segments].map((each) => ({ ...each, finishReason: 'stop' }));
  }

  private async edit(): Promise<void> {
    await this.withText(async (item, text) => {
      const written = `by a person ${this.steps}`;
      await this.decide(item, { number: text.number, decision: 'edit', text: written });
      this.persons.set(keyOf(item, text), written);
      this.decided(keyOf(item, text));
    });
  }

  private async acceptOrReject(): Promise<void> {
    await this.withText(async (item, shown) => {
      const { number, text } = shown;
      const decision = this.pick(['accept', 'reject', 'reopen'] as const);
      // Accepting the current text changes nothing; nor do the others.
      await this.decide(item, { number, decision, ...(decision === 'accept' && { text }) });
      this.decided(keyOf(item, shown));
    });
  }

  /** A later decision about a text: undoing the group leaves it alone. */
  private decided(key: string): void {
    if (this.group?.before.has(key)) this.group = undefined;
  }

  private async acceptMany(): Promise<void> {
    const reviewer = { author: 'Bo', origin: 'api' } as const;
    const decision = this.pick(['accept', 'reject'] as const);
    const result = await decideMany(this.database, this.jobId, reviewer, decision, { filter: {} });
    if (result.group !== '') this.group = { id: result.group, before: new Map() };
  }

  private async undo(): Promise<void> {
    if (!this.group) return;
    const { id, before } = this.group;
    const reviewer = { author: 'Bo', origin: 'api' } as const;
    await undoGroup(this.database, this.jobId, reviewer, id);
    // What was imported is gone, and the text before it is back.
    for (const [key, text] of before) {
      if (text === '') this.persons.delete(key);
      else this.persons.set(key, text);
    }
    this.group = undefined;
  }

  private async export(): Promise<void> {
    this.exported = [];
    for (const item of await this.items()) {
      for (const text of item.texts) {
        if (text.text === '') continue;
        const version = parseVersion(textVersion(text));
        const { language, kind, segment, review } = text;
        const entry = {
          ...{ row: 1, identifier: item.identifier, language, kind, text: text.text, review },
          ...(segment && { segment }),
          ...(version && { version }),
        };
        this.exported.push({ entry, key: keyOf(item, text) });
      }
    }
  }

  private async importAgain(): Promise<void> {
    const report = await this.import(this.exported.map(({ entry }) => entry));
    expect(report.counts).toMatchObject({ unknown: 0, invalid: 0 });
    expect(report.edited).toBe(0);
  }

  private async importEdit(): Promise<void> {
    if (this.exported.length === 0) return;
    const { entry, key } = this.pick(this.exported);
    const text = `from a spreadsheet ${this.steps}`;
    const { edited, conflicts } = await this.import([{ ...entry, text }]);
    expect(edited + conflicts.length).toBe(1);
    if (edited === 0) return;
    const before = new Map([[key, this.persons.get(key) ?? '']]);
    this.group = { id: this.lastGroup, before };
    this.persons.set(key, text);
  }

  private async import(entries: readonly ImportedText[]) {
    this.lastGroup = newGroup();
    return await importTexts(this.database, this.jobId, 'Cy', yieldAll(entries), this.lastGroup);
  }

  private async check(): Promise<void> {
    const current = new Map<string, string>();
    for (const item of await this.items()) {
      for (const text of item.texts) current.set(keyOf(item, text), text.text);
      expect(new Set(item.texts.map(({ number }) => number)).size).toBe(item.texts.length);
    }
    for (const [key, text] of this.persons) expect([key, current.get(key)]).toEqual([key, text]);
    const { db } = this.database;
    const rows = await db.selectFrom('revision').selectAll().orderBy('id').execute();
    expect(rows.slice(0, this.history.length)).toEqual(this.history);
    this.history = rows;
  }

  private async withText(
    change: (item: ReviewedItem, text: ReviewedText) => Promise<void>,
  ): Promise<void> {
    const item = this.pick(await this.items());
    if (item.texts.length > 0) await change(item, this.pick(item.texts));
  }

  private async decide(
    { id }: ReviewedItem,
    decision: Parameters<typeof decide>[3][number],
  ): Promise<void> {
    const target = { jobId: this.jobId, itemId: id };
    await decide(this.database, target, { author: 'Ada', origin: 'page' }, [decision]);
  }

  private async items(): Promise<ReviewedItem[]> {
    const items: ReviewedItem[] = [];
    for await (const item of readReviewedItems(this.database, this.jobId)) items.push(item);
    return items;
  }

  private pick<T>(values: readonly T[]): T {
    const value = values[Math.floor(this.random() * values.length)];
    if (value === undefined) throw new Error('Nothing to pick from.');
    return value;
  }
}

function keyOf({ identifier }: ReviewedItem, { language, kind, segment }: ReviewedText): string {
  return [identifier, language, kind, segment?.startSeconds].join(' ');
}

async function* yieldAll<T>(values: readonly T[]): AsyncGenerator<T> {
  await Promise.resolve();
  yield* values;
}

async function keepTexts(location: DatabaseLocation): Promise<void> {
  const database = await openJobDatabase(location);
  try {
    for (const seed of SEEDS) {
      const { id } = await createJob(database, request());
      await list(database, names(ITEMS));
      const written = await new Sequence(database, id, seed).run();
      expect(written).toBeGreaterThan(3);
      await database.db.deleteFrom('revision').execute();
    }
  } finally {
    await database.close();
  }
}

it('keeps the texts of persons in SQLite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'salamandra-keep-spec-'));
  try {
    await keepTexts({ kind: 'sqlite', path: join(folder, 'jobs.db') });
  } finally {
    await rm(folder, { recursive: true });
  }
}, 60_000);

(findPostgres() === undefined ? it.skip : it)(
  'keeps the texts of persons in PostgreSQL',
  async () => {
    let cluster: PostgresCluster | undefined;
    try {
      cluster = await startCluster(await freePort(), ['fsync=off']);
      await keepTexts({ kind: 'postgres', url: await cluster.createDatabase('review') });
    } finally {
      await cluster?.close();
    }
  },
  120_000,
);
