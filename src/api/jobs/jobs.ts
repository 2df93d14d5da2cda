import { setTimeout } from 'node:timers/promises';

import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  Inject,
  Param,
  Post,
  Query,
  Req,
  Res,
} from '@nestjs/common';
import {
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiPropertyOptional,
  ApiTags,
} from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import type { Request, Response } from 'express';

import { SalamandraError } from '../../errors/salamandra-error.js';
import type { JobDatabase } from '../../jobs/database/job-database.js';
import type { ItemRow } from '../../jobs/database/tables.js';
import { listItems, readTexts, retryItems } from '../../jobs/items.js';
import { listEvents } from '../../jobs/job-events.js';
import { jobJson } from '../../jobs/job-json.js';
import { countFailures, pilotResult, progressOf } from '../../jobs/job-progress.js';
import {
  cancelJob,
  createJob,
  deleteJob,
  getJob,
  type Job,
  listJobs,
  listSkipped,
  pauseJob,
  resumeJob,
} from '../../jobs/jobs.js';
import { readResults, toResultLine } from '../../jobs/result-lines.js';
import { listWorkers } from '../../jobs/workers.js';
import { ClientSignal } from '../admission/client.js';
import { JOBS } from '../injection-tokens.js';
import type { SseMessage } from '../response/event-stream.js';
import { ApiProblems } from '../response/problem.js';
import { sendMessages } from '../response/send-outcome.js';
import { JobRequestDto, toJobRequest } from './job-request.js';
import type { JobService } from './job-service.js';

const ITEM_STATES = ['queued', 'active', 'done', 'failed'] as const;
const DEFAULT_PAGE = 50;
const MAX_PAGE = 1_000;
const MAX_IDEMPOTENCY_KEY = 200;
/** Milliseconds between two looks at a job whose events are streamed. */
const EVENT_POLL_MS = 1_000;
/** States after which a job has no further events, unless it is retried. */
const ENDED: readonly Job['state'][] = ['done', 'cancelled', 'deleting'];

class PageQuery {
  @ApiPropertyOptional({ minimum: 1, maximum: MAX_PAGE, default: DEFAULT_PAGE })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_PAGE)
  limit?: number;

  @ApiPropertyOptional({ description: 'Cursor of the page before: its "next".' })
  @IsOptional()
  @IsString()
  @MaxLength(100)
  after?: string;
}

class ItemsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: ITEM_STATES })
  @IsOptional()
  @IsIn(ITEM_STATES)
  state?: (typeof ITEM_STATES)[number];
}

class RetryDto {
  @ApiPropertyOptional({
    type: [Number],
    description: 'Ids of items that are done or failed. Default: all that failed.',
  })
  @IsOptional()
  @Transform(({ value }: { readonly value: unknown }) => value)
  @IsInt({ each: true })
  items?: number[];
}

@ApiTags('jobs')
@ApiProblems()
@Controller('v1/jobs')
export class JobsController {
  constructor(@Inject(JOBS) private readonly jobs: JobService) {}

  @Post()
  @HttpCode(201)
  @ApiOperation({
    summary: 'Create an archive job',
    description:
      'Captions everything in a source: a folder, table, list or ZIP archive on the server, URLs, or a IIIF manifest. It survives a restart of the service.',
  })
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description: 'A request that is repeated with the same key returns the job of the first.',
  })
  async create(
    @Body() body: JobRequestDto,
    @Headers('idempotency-key') idempotencyKey: string | undefined,
  ): Promise<object> {
    if (idempotencyKey !== undefined && idempotencyKey.length > MAX_IDEMPOTENCY_KEY) {
      throw new SalamandraError(
        'INVALID_PARAMETER',
        `Idempotency-Key has ${idempotencyKey.length} characters; the limit is ${MAX_IDEMPOTENCY_KEY}.`,
      );
    }
    const database = this.jobs.database();
    const request = await toJobRequest(body, this.jobs);
    const job = await createJob(database, {
      ...request,
      ...(idempotencyKey !== undefined && { idempotencyKey }),
    });
    return await describe(database, job);
  }

  @Get()
  @ApiOperation({
    summary: 'List the jobs, the newest first',
    description: 'With the progress of each. `next` is the `after` of the next page, or null.',
  })
  async list(@Query() { limit = DEFAULT_PAGE, after }: PageQuery): Promise<object> {
    const database = this.jobs.database();
    const jobs = await listJobs(database, { limit, after });
    const data = await Promise.all(
      jobs.map(async (job) => jobJson(job, await progressOf(database, job))),
    );
    return toPage(data, limit, jobs.at(-1)?.id);
  }

  @Get(':id')
  @ApiOperation({
    summary: 'Show the state of a job',
    description: 'With its progress, rate and remaining time, and failures by their code.',
  })
  async show(@Param('id') id: string): Promise<object> {
    const database = this.jobs.database();
    return await describe(database, await getJob(database, id));
  }

  @Get(':id/events')
  @ApiOperation({
    summary: 'Follow the events of a job',
    description:
      'Server-sent events: the changes of the job, each with an id, and `progress` once a second while something changes. With `Last-Event-ID` the stream goes on behind that event. It ends with the job.',
  })
  @ApiHeader({ name: 'Last-Event-ID', required: false })
  @ApiOkResponse({ content: { 'text/event-stream': { schema: { type: 'string' } } } })
  async events(
    @Param('id') id: string,
    @Headers('last-event-id') lastEventId: string | undefined,
    @ClientSignal() signal: AbortSignal,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const database = this.jobs.database();
    const job = await getJob(database, id);
    const after = /^\d{1,15}$/.test(lastEventId ?? '') ? Number(lastEventId) : 0;
    const messages = followJob(database, job.id, after, signal);
    await sendMessages({ request, response, signal }, messages);
  }

  @Get(':id/items')
  @ApiOperation({
    summary: 'List the items of a job, in the order of the source',
    description: 'With their texts, or the reason of their failure.',
  })
  async items(
    @Param('id') id: string,
    @Query() { limit = DEFAULT_PAGE, after, state }: ItemsQuery,
  ): Promise<object> {
    const database = this.jobs.database();
    const job = await getJob(database, id);
    const rows = await listItems(database, job.id, {
      limit,
      state: state === 'failed' ? 'dead' : state,
      ...(after !== undefined && { after: parsePosition(after) }),
    });
    const texts = await readTexts(
      database.db,
      rows.map((row) => row.id),
    );
    const data = rows.map((row) => itemJson(row, texts.get(row.id) ?? []));
    return toPage(data, limit, rows.at(-1)?.position.toString());
  }

  @Get(':id/skipped')
  @ApiOperation({
    summary: 'List the entries of the source that are not items',
    description: 'With a code and the reason. Hidden files and sidecars are counted by folder.',
  })
  async skipped(
    @Param('id') id: string,
    @Query() { limit = DEFAULT_PAGE, after }: PageQuery,
  ): Promise<object> {
    const database = this.jobs.database();
    const job = await getJob(database, id);
    const position = after === undefined ? 0 : parsePosition(after);
    const rows = await listSkipped(database, job.id, { limit, after: position });
    const data = rows.map(({ entry, code, reason }) => ({ entry, code, reason }));
    return toPage(data, limit, rows.at(-1)?.id.toString());
  }

  @Get(':id/results')
  @ApiOperation({
    summary: 'Download the texts as JSON lines, in the order of the source',
    description:
      'Items that are done or failed. Each line has a `cursor`; `after` goes on behind it.',
  })
  @ApiOkResponse({ content: { 'application/jsonl': { schema: { type: 'string' } } } })
  async results(
    @Param('id') id: string,
    @Query() { after }: PageQuery,
    @Res() response: Response,
  ): Promise<void> {
    const database = this.jobs.database();
    const job = await getJob(database, id);
    const lines = readResults(database, job.id, after);
    // An error before the first line has its own status.
    let next = await lines.next();
    response.setHeader('Content-Type', 'application/jsonl; charset=utf-8');
    while (!next.done && !response.destroyed) {
      if (!response.write(`${JSON.stringify(next.value)}\n`)) {
        await new Promise<void>((resolve) => {
          response.once('drain', resolve);
          response.once('close', resolve);
        });
      }
      next = await lines.next();
    }
    response.end();
  }

  @Post(':id/pause')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Pause the work on a job',
    description: 'The items in work end, and no others begin until the job is resumed.',
  })
  async pause(@Param('id') id: string): Promise<object> {
    return await this.change(id, (database, job) => pauseJob(database, job.id, 'by request'));
  }

  @Post(':id/resume')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Resume the work on a job',
    description: 'Goes on with a job that is paused or waits, or whose pilot is done.',
  })
  async resume(@Param('id') id: string): Promise<object> {
    return await this.change(id, (database, job) => resumeJob(database, job.id));
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Cancel the rest of a job',
    description: 'The items in work end, and no others begin. The texts stay.',
  })
  async cancel(@Param('id') id: string): Promise<object> {
    return await this.change(id, (database, job) => cancelJob(database, job.id));
  }

  @Post(':id/retry')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Caption items again',
    description: 'Those that failed, or the given ones. The job becomes active.',
  })
  async retry(@Param('id') id: string, @Body() { items }: RetryDto): Promise<object> {
    return await this.change(id, async (database, job) => {
      await retryItems(database, job.id, items ?? 'failed');
    });
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Delete a job with its texts',
    description:
      'With the files that were uploaded into it. Cancel it first while items are in work. Files of other sources are not touched.',
  })
  async delete(@Param('id') id: string): Promise<void> {
    const database = this.jobs.database();
    const job = await getJob(database, id);
    await deleteJob(database, job.id, (jobId) => this.jobs.uploads.removeJob(jobId));
  }

  private async change(
    id: string,
    change: (database: JobDatabase, job: Job) => Promise<void>,
  ): Promise<object> {
    const database = this.jobs.database();
    const job = await getJob(database, id);
    await change(database, job);
    return await describe(database, await getJob(database, job.id));
  }
}

@ApiTags('jobs')
@ApiProblems()
@Controller('v1/workers')
export class WorkersController {
  constructor(@Inject(JOBS) private readonly jobs: JobService) {}

  @Get()
  @ApiOperation({
    summary: 'List the workers that are alive',
    description: 'Of this service and of other processes on the same database, with their rate.',
  })
  async list(): Promise<object> {
    const workers = await listWorkers(this.jobs.database());
    const data = workers.map(({ host, pid, state, model, started_at, items_done, rate }) => ({
      ...{ host, pid, state, model },
      started: new Date(started_at).toISOString(),
      items_done,
      items_per_hour: Math.round(rate),
    }));
    return { object: 'list', data };
  }
}

async function describe(database: JobDatabase, job: Job): Promise<object> {
  const [progress, failures, pilot] = [
    await progressOf(database, job),
    await countFailures(database, job.id),
    await pilotResult(database, job),
  ];
  return { ...jobJson(job, progress), failures, pilot_result: pilot ?? null };
}

/** @param next cursor behind the last entry. */
function toPage(data: readonly object[], limit: number, next: string | undefined): object {
  return { object: 'list', data, next: data.length < limit ? null : (next ?? null) };
}

function itemJson(row: ItemRow, texts: Parameters<typeof toResultLine>[1]): object {
  const state = row.state === 'dead' ? 'failed' : row.state;
  const { id, attempts } = row;
  if (row.state === 'done' || row.state === 'dead') {
    return { id, state, attempts, ...toResultLine(row, texts) };
  }
  const { identifier } = row;
  const error = row.error_code === '' ? null : { code: row.error_code, message: row.error };
  return { id, state, attempts, identifier, record: JSON.parse(row.record) as object, error };
}

function parsePosition(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new SalamandraError('INVALID_PARAMETER', '"after" must be the "next" of the page before.');
}

/** The events of a job behind one, until it ends. */
async function* followJob(
  database: JobDatabase,
  jobId: string,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<SseMessage> {
  let last = after;
  let shown = '';
  while (!signal.aborted) {
    const job = await getJob(database, jobId);
    for (const { id, type, data } of await listEvents(database, jobId, last)) {
      last = id;
      yield { id: String(id), event: type, data };
    }
    const progress = JSON.stringify(jobJson(job, await progressOf(database, job)));
    if (progress !== shown) yield { event: 'progress', data: progress };
    shown = progress;
    if (ENDED.includes(job.state)) return;
    await setTimeout(EVENT_POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}
