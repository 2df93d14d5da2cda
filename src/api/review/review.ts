import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';

import { SalamandraError } from '../../errors/salamandra-error.js';
import type { JobDatabase } from '../../jobs/database/job-database.js';
import { retryItems } from '../../jobs/items.js';
import { getJob, type Job } from '../../jobs/jobs.js';
import { decide, type Reviewer } from '../../review/decide.js';
import { countMany, decideMany, undoGroup } from '../../review/decide-many.js';
import { fileStateOf } from '../../review/item-media.js';
import { type ItemPlace, listReviewed, neighboursOf } from '../../review/list-reviewed.js';
import { countReviewed, reviewCounts } from '../../review/review-counts.js';
import {
  readItemRow,
  readTextRevisions,
  toReviewedItem,
  toReviewedItems,
} from '../../review/reviewed-items.js';
import { JOBS } from '../injection-tokens.js';
import type { JobService } from '../jobs/job-service.js';
import { ApiProblems } from '../response/problem.js';
import {
  BulkDto,
  DecisionsDto,
  ItemQuery,
  RegenerateDto,
  type ReviewerJson,
  ReviewQuery,
  toFilter,
  UndoDto,
} from './review-fields.js';
import { countsJson, itemDetail, itemSummary, revisionJson } from './review-json.js';

@ApiTags('review')
@ApiProblems()
@Controller('v1/jobs/:id')
export class ReviewController {
  constructor(@Inject(JOBS) private readonly jobs: JobService) {}

  @Get('review')
  @ApiOperation({
    summary: 'List the items of a job for their review',
    description:
      'Those that pass the filter, the riskiest first. `total` counts all of them; `next_cursor` is the `cursor` of the next page, or null.',
  })
  async list(@Param('id') id: string, @Query() query: ReviewQuery): Promise<object> {
    const { database, job } = await this.open(id);
    const { limit, cursor, language, order = 'risk' } = query;
    const filter = toFilter(query);
    const after = cursor === undefined ? undefined : parseCursor(cursor);
    const rows = await listReviewed(database, job.id, { filter, order, after, limit });
    const items = await toReviewedItems(database, rows);
    const last = rows.at(-1);
    return {
      object: 'list',
      data: items.map((item) => itemSummary(item, language)),
      next_cursor: last && rows.length === limit ? toCursor(last) : null,
      total: await countReviewed(database, job.id, filter),
    };
  }

  @Get('review/counts')
  @ApiOperation({
    summary: 'Count the items of a job by state, review and flag',
    description: 'An item with several flags is counted for each of them.',
  })
  async counts(@Param('id') id: string): Promise<object> {
    const { database, job } = await this.open(id);
    return countsJson(await reviewCounts(database, job.id));
  }

  @Post('review')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Accept or reject all texts of a filter',
    description:
      'Only texts that nobody has reviewed. With `dry_run` they are counted. `group` takes the decisions back together.',
  })
  async decideMany(@Param('id') id: string, @Body() body: BulkDto): Promise<object> {
    const { database, job } = await this.open(id);
    const { decision, language, kind } = body;
    const many = { filter: body.filter ? toFilter(body.filter) : {}, language, kind };
    if (body.dry_run === true) {
      return { ...(await countMany(database, job.id, many)), group: null };
    }
    const { texts, items, group } = await decideMany(
      database,
      job.id,
      reviewer(body),
      decision,
      many,
    );
    return { texts, items, group: group === '' ? null : group };
  }

  @Post('review/:group/undo')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Take back the decisions of a group',
    description: 'Texts about which someone decided later keep that decision.',
  })
  async undo(
    @Param('id') id: string,
    @Param('group') group: string,
    @Body() body: UndoDto,
  ): Promise<object> {
    const { database, job } = await this.open(id);
    return { texts: await undoGroup(database, job.id, reviewer(body), group) };
  }

  @Get('items/:item')
  @ApiOperation({
    summary: 'Show an item with all its texts',
    description:
      'With its record, the draft of each text, who decided about it, and the ids of its neighbours in the order of the filter.',
  })
  async item(
    @Param('id') id: string,
    @Param('item') item: string,
    @Query() query: ItemQuery,
  ): Promise<object> {
    const { database, job } = await this.open(id);
    return await describe(database, job, parseId(item), query);
  }

  @Get('items/:item/texts/:number/revisions')
  @ApiOperation({
    summary: 'List the decisions about a text, the newest first',
    description: 'Who decided what and when, with the text and the draft at that time.',
  })
  async revisions(
    @Param('id') id: string,
    @Param('item') item: string,
    @Param('number') number: string,
  ): Promise<object> {
    const { database, job } = await this.open(id);
    const rows = await readTextRevisions(database, job.id, parseId(item), parseId(number));
    return { object: 'list', data: rows.map(revisionJson) };
  }

  @Post('items/:item/review')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Accept, edit, reject or reopen texts of an item',
    description:
      'All decisions are stored, or none. REVIEW_CONFLICT tells who decided meanwhile, and when. Returns the item.',
  })
  async decide(
    @Param('id') id: string,
    @Param('item') item: string,
    @Body() body: DecisionsDto,
  ): Promise<object> {
    const { database, job } = await this.open(id);
    const itemId = parseId(item);
    await decide(database, { jobId: job.id, itemId }, reviewer(body), body.decisions);
    return await describe(database, job, itemId);
  }

  @Post('items/:item/regenerate')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Write the drafts of an item again',
    description:
      'With another detail or a hint, which replace those of an earlier call. The item goes back to the queue. Texts that were edited or accepted stay, and the new drafts are shown beside them.',
  })
  async regenerate(
    @Param('id') id: string,
    @Param('item') item: string,
    @Body() options: RegenerateDto,
  ): Promise<object> {
    const { database, job } = await this.open(id);
    const row = await readItemRow(database, job.id, parseId(item));
    const { detail, hint } = options;
    const changed = await retryItems(database, job.id, [row.id], { detail, hint });
    if (changed === 0) {
      throw new SalamandraError(
        'INVALID_PARAMETER',
        'The item is in the queue or in work. Wait until it is done.',
      );
    }
    return await describe(database, job, row.id);
  }

  private async open(id: string): Promise<{ database: JobDatabase; job: Job }> {
    const database = this.jobs.database();
    return { database, job: await getJob(database, id) };
  }
}

async function describe(
  database: JobDatabase,
  job: Job,
  itemId: number,
  query: ItemQuery = new ItemQuery(),
): Promise<object> {
  const row = await readItemRow(database, job.id, itemId);
  const item = await toReviewedItem(database, row);
  const { order = 'risk' } = query;
  return {
    ...itemDetail(item, job.model, query.language),
    file: await fileStateOf(row),
    ...(await neighboursOf(database, job.id, { filter: toFilter(query), order }, row)),
  };
}

function reviewer({ author, origin = 'api' }: ReviewerJson): Reviewer {
  return { author, origin };
}

function toCursor({ risk, position }: ItemPlace): string {
  return `${risk}:${position}`;
}

function parseCursor(text: string): ItemPlace {
  const [, risk, position] = /^([01](?:\.\d{1,3})?):(\d{1,15})$/.exec(text) ?? [];
  if (position !== undefined) return { risk: Number(risk), position: Number(position) };
  throw new SalamandraError(
    'INVALID_PARAMETER',
    '"cursor" must be the "next_cursor" of the page before.',
    { details: { parameter: 'cursor' } },
  );
}

/** Of an item or a text. */
export function parseId(text: string): number {
  if (/^-?\d{1,15}$/.test(text)) return Number(text);
  throw new SalamandraError('NOT_FOUND', 'The id of an item and the number of a text are numbers.');
}
