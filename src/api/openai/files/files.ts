import { pipeline } from 'node:stream/promises';

import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Inject,
  Param,
  Post,
  Query,
  Res,
  UploadedFile,
  UseInterceptors,
} from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiOkResponse,
  ApiOperation,
  ApiQuery,
  ApiTags,
} from '@nestjs/swagger';
import type { Response } from 'express';

import { MAX_BATCH_FILE_BYTES, MAX_FILE_SECONDS } from '../../../config/batch-limits.js';
import { SalamandraError } from '../../../errors/salamandra-error.js';
import type { FileRow } from '../../../jobs/database/tables.js';
import { deleteFile, getFile, insertFile, listFiles } from '../../../jobs/files.js';
import { storableText } from '../../../jobs/storable-text.js';
import { JOBS } from '../../injection-tokens.js';
import type { JobService } from '../../jobs/job-service.js';
import { ApiOpenAiErrors } from '../errors.js';
import { invalidParameter, isAbsent, type JsonObject, rejectOthers } from '../request-body.js';
import { readExpiresAfter } from './expires-after.js';
import { fileJson, pageJson } from './file-json.js';
import { FileUpload, type UploadedFile as Upload } from './file-upload.js';
import { readAfter, readLimit, readOneOf } from './page-query.js';

/** What an upload is for. `batch_output` is that of the files that batches write. */
const PURPOSES = ['batch', 'vision', 'user_data'] as const;
const ORDERS = ['asc', 'desc'] as const;
/** OpenAI's default and limit. */
const MAX_PAGE = 10_000;
/** Characters of a file name. */
const MAX_NAME = 255;

const FORM = {
  type: 'object',
  required: ['file', 'purpose'],
  properties: {
    file: { type: 'string', format: 'binary' },
    purpose: { type: 'string', enum: PURPOSES },
    'expires_after[anchor]': { type: 'string', enum: ['created_at'] },
    'expires_after[seconds]': {
      type: 'integer',
      description: 'Files for batches expire after 30 days by default, others never.',
    },
  },
};

@ApiTags('openai')
@ApiOpenAiErrors()
@Controller('v1/files')
export class FilesController {
  constructor(@Inject(JOBS) private readonly jobs: JobService) {}

  @Post()
  @HttpCode(200)
  @UseInterceptors(FileUpload)
  @ApiOperation({
    summary: "Upload a file (OpenAI's API)",
    description: 'Stores a file, such as the requests of a batch in JSON Lines.',
  })
  @ApiConsumes('multipart/form-data')
  @ApiBody({ schema: FORM as object })
  async upload(@Body() body: JsonObject, @UploadedFile() file?: Upload): Promise<object> {
    if (!file) throw invalidParameter('file', 'is missing.');
    const { files } = this.jobs;
    const database = this.jobs.database();
    try {
      const row = toRow(body, file, database.now());
      await insertFile(database.db, row);
      return fileJson(row);
    } catch (error) {
      await files.remove(file.content.id);
      throw error;
    }
  }

  @Get()
  @ApiOperation({
    summary: "List the files (OpenAI's API)",
    description: 'Lists the stored files, the newest first.',
  })
  @ApiQuery({ name: 'after', required: false, description: 'Id of the last file before the page.' })
  @ApiQuery({ name: 'limit', required: false, description: `1 to ${MAX_PAGE}.` })
  @ApiQuery({ name: 'purpose', required: false })
  @ApiQuery({ name: 'order', required: false, enum: ORDERS })
  async list(@Query() query: JsonObject): Promise<object> {
    const limit = readLimit(query, MAX_PAGE, MAX_PAGE);
    const purpose = isAbsent(query['purpose'])
      ? undefined
      : readOneOf(query, 'purpose', [...PURPOSES, 'batch_output']);
    const order = isAbsent(query['order']) ? 'desc' : readOneOf(query, 'order', ORDERS);
    const page = { after: readAfter(query), limit: limit + 1, purpose, order };
    return pageJson((await listFiles(this.jobs.database(), page)).map(fileJson), limit);
  }

  @Get(':file_id')
  @ApiOperation({
    summary: "Show a file (OpenAI's API)",
    description: 'Returns the name, the size and the purpose of a file.',
  })
  async show(@Param('file_id') id: string): Promise<object> {
    return fileJson(await getFile(this.jobs.database(), id));
  }

  @Get(':file_id/content')
  @ApiOperation({
    summary: "Download a file (OpenAI's API)",
    description: 'Returns the content of a file.',
  })
  @ApiOkResponse({ content: { 'application/octet-stream': { schema: { type: 'string' } } } })
  async content(@Param('file_id') id: string, @Res() response: Response): Promise<void> {
    const file = await getFile(this.jobs.database(), id);
    const content = await this.jobs.files.read(file.id);
    response.setHeader('Content-Type', 'application/octet-stream');
    response.setHeader('Content-Length', file.bytes);
    response.attachment(file.filename);
    // Content that a client uploaded is never shown as a page.
    response.setHeader('Content-Type', 'application/octet-stream');
    await pipeline(content, response).catch(() => response.destroy());
  }

  @Delete(':file_id')
  @ApiOperation({
    summary: "Delete a file (OpenAI's API)",
    description: 'Deletes a file, unless a batch still reads it.',
  })
  async delete(@Param('file_id') id: string): Promise<object> {
    await deleteFile(this.jobs.database(), id);
    await this.jobs.files.remove(id);
    return { id, object: 'file', deleted: true };
  }
}

function toRow(
  { purpose, expires_after, ...others }: JsonObject,
  { originalname, content }: Upload,
  now: number,
): FileRow {
  rejectOthers(others, 'form');
  const known = PURPOSES.find((name) => name === purpose);
  if (known === undefined) {
    throw invalidParameter('purpose', `must be one of ${PURPOSES.join(', ')}.`);
  }
  if (known === 'batch' && content.bytes > MAX_BATCH_FILE_BYTES) {
    throw new SalamandraError(
      'PAYLOAD_TOO_LARGE',
      `A file for batches may have at most ${MAX_BATCH_FILE_BYTES} bytes. Split it into several batches.`,
      { details: { parameter: 'file', max_bytes: MAX_BATCH_FILE_BYTES } },
    );
  }
  const seconds =
    readExpiresAfter(expires_after, 'expires_after') ??
    (known === 'batch' ? MAX_FILE_SECONDS : undefined);
  return {
    id: content.id,
    filename: storableText(originalname).slice(0, MAX_NAME),
    purpose: known,
    bytes: content.bytes,
    created_at: now,
    expires_at: seconds === undefined ? 0 : now + seconds * 1_000,
  };
}
