import { createHash } from 'node:crypto';

import {
  ERROR_CODES,
  type ErrorDetails,
  SalamandraError,
} from '../../../errors/salamandra-error.js';
import {
  type Batch,
  endBatch,
  endOf,
  expireBatches,
  findBatchesToEnd,
} from '../../../jobs/batches.js';
import type { JobDatabase } from '../../../jobs/database/job-database.js';
import type { FileRow, ItemRow } from '../../../jobs/database/tables.js';
import { listItems, readTexts } from '../../../jobs/items.js';
import { STATUS_BY_CODE } from '../../response/problem.js';
import { toOpenAiError } from '../errors.js';
import type { FileStore } from '../files/file-store.js';

/** Items per page of the database: a response may have megabytes of log-probabilities. */
const PAGE_ITEMS = 100;
/** Characters of an id that is derived from what it names. */
const ID_CHARACTERS = 24;

/**
 * Ends the batches whose time is over, and writes the output files of those whose lines are done. A process that is
 * killed meanwhile leaves a batch that the next call ends: the ids of its files are derived from its own.
 *
 * @throws STORAGE_FULL, STORAGE_UNAVAILABLE, the errors of the database
 */
export async function endBatches(database: JobDatabase, files: FileStore): Promise<void> {
  await expireBatches(database);
  for (const batch of await findBatchesToEnd(database)) await writeOutput(database, files, batch);
}

async function writeOutput(database: JobDatabase, files: FileStore, batch: Batch): Promise<void> {
  const { job, row } = batch;
  const end = endOf(batch);
  if (end === 'failed') {
    await endBatch(database, job.id, {});
    return;
  }
  const usage = new UsageSum();
  const output = await writeFile('output', outputLines(database, job.id, usage));
  const unfinished = end === 'completed' ? undefined : UNFINISHED[end];
  const errors = await writeFile('error', errorLines(database, job.id, unfinished));
  await endBatch(database, job.id, { output, errors, usage: usage.json });

  async function writeFile(
    kind: 'output' | 'error',
    lines: AsyncIterable<string>,
  ): Promise<FileRow | undefined> {
    const { id, bytes } = await files.write(encode(lines), `file-${derive(job.id, kind)}`);
    if (bytes === 0) {
      await files.remove(id);
      return undefined;
    }
    const now = database.now();
    return {
      id,
      bytes,
      filename: `${job.id}_${kind}.jsonl`,
      purpose: 'batch_output',
      created_at: now,
      expires_at: now + row.output_seconds * 1_000,
    };
  }
}

async function* encode(lines: AsyncIterable<string>): AsyncGenerator<Buffer> {
  for await (const line of lines) yield Buffer.from(`${line}\n`);
}

async function* pages(
  database: JobDatabase,
  jobId: string,
  state?: ItemRow['state'],
): AsyncGenerator<ItemRow[]> {
  let after = -1;
  for (;;) {
    const page = await listItems(database, jobId, { state, after, limit: PAGE_ITEMS });
    yield page;
    const last = page.at(-1);
    if (!last || page.length < PAGE_ITEMS) return;
    after = last.position;
  }
}

async function* outputLines(
  database: JobDatabase,
  jobId: string,
  usage: UsageSum,
): AsyncGenerator<string> {
  for await (const page of pages(database, jobId, 'done')) {
    const texts = await readTexts(
      database.db,
      page.map(({ id }) => id),
    );
    for (const item of page) {
      const body = JSON.parse(texts.get(item.id)?.[0]?.text ?? 'null') as ResponseBody | null;
      usage.add(body);
      yield lineJson(item, { status_code: 200, request_id: requestId(item), body }, null);
    }
  }
}

const UNFINISHED = {
  expired: {
    code: 'batch_expired',
    message: 'The request was not done within the completion window of the batch.',
  },
  cancelled: {
    code: 'batch_cancelled',
    message: 'The batch was cancelled before the request was done.',
  },
} as const;

/** Requests that failed, and those that were not done. */
async function* errorLines(
  database: JobDatabase,
  jobId: string,
  unfinished: (typeof UNFINISHED)[keyof typeof UNFINISHED] | undefined,
): AsyncGenerator<string> {
  for await (const page of pages(database, jobId, unfinished ? undefined : 'dead')) {
    for (const item of page) {
      if (item.state === 'dead') yield failedLine(item);
      else if (item.state !== 'done' && unfinished) yield lineJson(item, null, unfinished);
    }
  }
}

function failedLine(item: ItemRow): string {
  const code = ERROR_CODES.find((known) => known === item.error_code);
  if (code === undefined) {
    // Not an answer of the route: the process that did the request was lost.
    const error = { code: item.error_code.toLowerCase(), message: item.error };
    return lineJson(item, null, error);
  }
  const details = item.outcome === '' ? undefined : (JSON.parse(item.outcome) as ErrorDetails);
  const body = toOpenAiError(new SalamandraError(code, item.error, { details }));
  const response = { status_code: STATUS_BY_CODE[code], request_id: requestId(item), body };
  return lineJson(item, response, null);
}

function lineJson(item: ItemRow, response: object | null, error: object | null): string {
  const id = `batch_req_${derive(item.job_id, `line ${item.position}`)}`;
  return JSON.stringify({ id, custom_id: item.identifier, response, error });
}

function requestId(item: ItemRow): string {
  return `req_${derive(item.job_id, `request ${item.position}`)}`;
}

/** An id that is the same each time. */
function derive(batchId: string, name: string): string {
  return createHash('sha256').update(`${batchId} ${name}`).digest('hex').slice(0, ID_CHARACTERS);
}

/** The response of either endpoint. */
interface ResponseBody {
  readonly usage?: {
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    readonly prompt_tokens_details?: { readonly cached_tokens?: number };
  };
}

/** The usage of a batch: the sum over its responses. */
class UsageSum {
  private input = 0;
  private cached = 0;
  private output = 0;

  add(body: ResponseBody | null): void {
    this.input += body?.usage?.prompt_tokens ?? 0;
    this.cached += body?.usage?.prompt_tokens_details?.cached_tokens ?? 0;
    this.output += body?.usage?.completion_tokens ?? 0;
  }

  get json(): object {
    return {
      input_tokens: this.input,
      input_tokens_details: { cached_tokens: this.cached },
      output_tokens: this.output,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: this.input + this.output,
    };
  }
}
