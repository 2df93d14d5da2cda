import { Controller, HttpCode, Inject, Param, Post, Query, Req } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';

import { SalamandraError } from '../../errors/salamandra-error.js';
import { getJob } from '../../jobs/jobs.js';
import { checkReviewer } from '../../review/decide.js';
import { newGroup } from '../../review/decide-many.js';
import { importTexts } from '../../review/import/import-texts.js';
import { type ImportFormat, readImport } from '../../review/import/read-import.js';
import { importJson } from '../../review/import/report-json.js';
import { clientOf } from '../admission/client.js';
import { JOBS } from '../injection-tokens.js';
import type { JobService } from '../jobs/job-service.js';
import { MediaFiles } from '../media/media-files.js';
import { ApiProblems } from '../response/problem.js';
import { AuthorField } from './review-fields.js';

/** Bytes of a file: a million texts of 200 bytes. */
const MAX_IMPORT_BYTES = 200_000_000;

const FORMATS: Readonly<Record<string, ImportFormat>> = {
  'text/csv': 'csv',
  'application/jsonl': 'jsonl',
  'application/x-ndjson': 'jsonl',
};

class ImportQuery {
  @AuthorField()
  author!: string;
}

@ApiTags('review')
@ApiProblems()
@Controller('v1/jobs/:id/import')
export class ImportController {
  constructor(
    @Inject(JOBS) private readonly jobs: JobService,
    private readonly files: MediaFiles,
  ) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Import texts that were reviewed elsewhere',
    description:
      'An export as CSV or JSON lines, after persons worked on it. Texts about which someone decided since the export are conflicts: they are listed and not stored.',
  })
  @ApiConsumes(...Object.keys(FORMATS))
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  async import(
    @Param('id') id: string,
    @Query() { author }: ImportQuery,
    @Req() request: Request,
  ): Promise<object> {
    const database = this.jobs.database();
    const job = await getJob(database, id);
    checkReviewer({ author, origin: 'import' });
    const format = FORMATS[request.is(Object.keys(FORMATS)) || ''];
    if (format === undefined) {
      throw new SalamandraError(
        'UNSUPPORTED_MEDIA_TYPE',
        `The Content-Type must be one of ${Object.keys(FORMATS).join(', ')}.`,
      );
    }
    const scope = this.files.openScope(clientOf(request));
    try {
      const path = await scope.write(limited(request));
      const entries = readImport(path, format);
      return importJson(await importTexts(database, job.id, author, entries, newGroup()));
    } finally {
      await scope.release();
    }
  }
}

async function* limited(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > MAX_IMPORT_BYTES) {
      throw new SalamandraError(
        'PAYLOAD_TOO_LARGE',
        `The file has more than ${MAX_IMPORT_BYTES / 1e6} MB. Import it in parts.`,
        { details: { max_bytes: MAX_IMPORT_BYTES } },
      );
    }
    yield chunk;
  }
}
