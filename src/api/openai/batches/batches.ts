import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Req } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';

import type { VisionLanguageEngine } from '../../../engine/vision-language-engine.js';
import { cancelBatch, createBatch, getBatch, listBatches } from '../../../jobs/batches.js';
import { ENGINE, JOBS } from '../../injection-tokens.js';
import type { JobService } from '../../jobs/job-service.js';
import { readyModel } from '../../request/loaded-model.js';
import { ApiOpenAiErrors } from '../errors.js';
import { pageJson } from '../files/file-json.js';
import { readAfter, readLimit } from '../files/page-query.js';
import { checkJsonBody, type JsonObject } from '../request-body.js';
import { batchJson } from './batch-json.js';
import { toBatchRequest } from './batch-request.js';
import { ENDPOINTS } from './process-line.js';

/** OpenAI's default and limit. */
const DEFAULT_PAGE = 20;
const MAX_PAGE = 100;

const REQUEST = {
  type: 'object',
  required: ['input_file_id', 'endpoint', 'completion_window'],
  properties: {
    input_file_id: { type: 'string', description: 'A file with the purpose "batch".' },
    endpoint: { type: 'string', enum: ENDPOINTS },
    completion_window: {
      type: 'string',
      example: '24h',
      description: 'Extension: up to "30d". Requests that are not done by then expire.',
    },
    metadata: {
      type: 'object',
      additionalProperties: { type: 'string' },
      nullable: true,
    },
    output_expires_after: {
      type: 'object',
      properties: {
        anchor: { type: 'string', enum: ['created_at'] },
        seconds: { type: 'integer' },
      },
    },
  },
};

@ApiTags('openai')
@ApiOpenAiErrors()
@Controller('v1/batches')
export class BatchesController {
  constructor(
    @Inject(ENGINE) private readonly engine: VisionLanguageEngine,
    @Inject(JOBS) private readonly jobs: JobService,
  ) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({
    summary: "Create a batch (OpenAI's API)",
    description:
      'Processes the requests of an uploaded file, each as its route would, behind all interactive requests.',
  })
  @ApiBody({ schema: REQUEST as object })
  async create(@Body() body: unknown, @Req() request: Request): Promise<object> {
    checkJsonBody(request);
    const model = readyModel(this.engine);
    const database = this.jobs.database();
    const batch = await createBatch(database, await toBatchRequest(body, database, model));
    return await batchJson(database, batch);
  }

  @Get()
  @ApiOperation({
    summary: "List the batches (OpenAI's API)",
    description: 'Lists the batches, the newest first.',
  })
  @ApiQuery({
    name: 'after',
    required: false,
    description: 'Id of the last batch before the page.',
  })
  @ApiQuery({ name: 'limit', required: false, description: `1 to ${MAX_PAGE}.` })
  async list(@Query() query: JsonObject): Promise<object> {
    const database = this.jobs.database();
    const limit = readLimit(query, DEFAULT_PAGE, MAX_PAGE);
    const batches = await listBatches(database, { after: readAfter(query), limit: limit + 1 });
    const data = await Promise.all(
      batches.map(async (batch) => ({ id: batch.job.id, ...(await batchJson(database, batch)) })),
    );
    return pageJson(data, limit);
  }

  @Get(':batch_id')
  @ApiOperation({
    summary: "Show a batch (OpenAI's API)",
    description: 'Returns the status of a batch, its counts, and the files of its results.',
  })
  async show(@Param('batch_id') id: string): Promise<object> {
    const database = this.jobs.database();
    return await batchJson(database, await getBatch(database, id));
  }

  @Post(':batch_id/cancel')
  @HttpCode(200)
  @ApiOperation({
    summary: "Cancel a batch (OpenAI's API)",
    description: 'Ends a batch after the requests in work. The results so far are kept.',
  })
  async cancel(@Param('batch_id') id: string): Promise<object> {
    const database = this.jobs.database();
    return await batchJson(database, await cancelBatch(database, id));
  }
}
