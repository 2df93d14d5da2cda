import { once } from 'node:events';

import { Controller, Get, Inject, Param, Query, Req, Res } from '@nestjs/common';
import {
  ApiOkResponse,
  ApiOperation,
  ApiProperty,
  ApiPropertyOptional,
  ApiTags,
} from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsIn, IsOptional, IsString, MaxLength } from 'class-validator';
import type { Request, Response } from 'express';

import { TemporaryFolder } from '../../config/temporary-folder.js';
import { readVersion } from '../../config/version.js';
import { resolveLanguages } from '../../engine/conversations.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import {
  createContext,
  type ExportRequest,
  Omissions,
  streamExport,
} from '../../exports/export-job.js';
import { createExportTools } from '../../exports/export-tools.js';
import { FORMAT_NAMES, type FormatName } from '../../exports/formats.js';
import { getJob } from '../../jobs/jobs.js';
import { CAPTION_KINDS, LANGUAGE_CODES } from '../../language/languages.js';
import type { ItemFilter } from '../../review/reviewed-items.js';
import type { MediaInspector } from '../../workers/media-inspector.js';
import { ClientSignal, clientOf } from '../admission/client.js';
import { JOBS, VIDEO_INSPECTOR } from '../injection-tokens.js';
import { QueryFlag } from '../request/query-flag.js';
import { ApiProblems } from '../response/problem.js';
import type { JobService } from './job-service.js';

const ITEM_REVIEWS = ['unreviewed', 'partly', 'edited', 'rejected'] as const;
const REVIEWS = ['all', 'reviewed', ...ITEM_REVIEWS] as const;
const ITEM_STATES = ['queued', 'active', 'done', 'failed'] as const;
const LAYOUTS = ['long', 'wide'] as const;
const SIDECAR_NAMES = ['photo.jpg.xmp', 'photo.xmp'] as const;
const MAX_CHARACTERS = 1_000;

/** Values separated by commas. */
function ToList(): PropertyDecorator {
  return Transform(({ value }: { readonly value: unknown }) => String(value).split(','));
}

class ExportQuery {
  @ApiProperty({ enum: FORMAT_NAMES })
  @IsIn(FORMAT_NAMES)
  format!: FormatName;

  @ApiPropertyOptional({
    enum: REVIEWS,
    default: 'all',
    description:
      'reviewed: only texts that a person accepted or edited. The other values choose the items in that state, with all their texts.',
  })
  @IsOptional()
  @IsIn(REVIEWS)
  review?: (typeof REVIEWS)[number];

  @ApiPropertyOptional({ type: String, description: 'Language codes separated by commas.' })
  @IsOptional()
  @ToList()
  @IsIn(LANGUAGE_CODES, { each: true })
  languages?: string[];

  @ApiPropertyOptional({ type: String, description: 'Kinds of text separated by commas.' })
  @IsOptional()
  @ToList()
  @IsIn(CAPTION_KINDS, { each: true })
  kind?: string[];

  @ApiPropertyOptional({ enum: ITEM_STATES })
  @IsOptional()
  @IsIn(ITEM_STATES)
  state?: (typeof ITEM_STATES)[number];

  @ApiPropertyOptional({ description: 'Only items with this flag.' })
  @IsOptional()
  @IsString()
  @MaxLength(MAX_CHARACTERS)
  flag?: string;

  @ApiPropertyOptional({ description: 'Words in texts, identifier or record.' })
  @IsOptional()
  @IsString()
  @MaxLength(MAX_CHARACTERS)
  q?: string;

  @QueryFlag('Only items with a text by a person.')
  person?: boolean;

  @QueryFlag('Only items whose file changed since it was captioned.')
  changed?: boolean;

  @ApiPropertyOptional({ enum: LAYOUTS, default: 'long', description: 'Of csv.' })
  @IsOptional()
  @IsIn(LAYOUTS)
  layout?: (typeof LAYOUTS)[number];

  @QueryFlag('csv: begin with a byte order mark, for Excel.')
  bom?: boolean;

  @ApiPropertyOptional({ enum: SIDECAR_NAMES, default: 'photo.jpg.xmp', description: 'Of xmp.' })
  @IsOptional()
  @IsIn(SIDECAR_NAMES)
  sidecar?: (typeof SIDECAR_NAMES)[number];

  @ApiPropertyOptional({
    description: 'iiif: address of the folder in which the files will be published.',
  })
  @IsOptional()
  @IsString()
  @MaxLength(MAX_CHARACTERS)
  base_url?: string;
}

@ApiTags('jobs')
@ApiProblems()
@Controller('v1/jobs')
export class ExportController {
  constructor(
    @Inject(JOBS) private readonly jobs: JobService,
    @Inject(VIDEO_INSPECTOR) private readonly inspector: MediaInspector,
  ) {}

  @Get(':id/export')
  @ApiOperation({
    summary: 'Download the texts of a job in another format',
    description:
      'Streams a file, or a ZIP archive if the format has a file for each item. What a format cannot hold is listed in `omitted.jsonl` of the archive.',
  })
  @ApiOkResponse({
    content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
  })
  async export(
    @Param('id') id: string,
    @Query() query: ExportQuery,
    @ClientSignal() signal: AbortSignal,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const database = this.jobs.database();
    const job = await getJob(database, id);
    const { source } = job;
    if (source.kind === 'batch') throw noTexts();
    const temporary = new TemporaryFolder();
    const tools = createExportTools({
      ...{ version: readVersion(), inspector: this.inspector, source, signal },
      caller: { client: clientOf(request), signal },
      policy: this.jobs.fetchPolicy,
      temporaryFolder: temporary.open,
      uploadFolder: this.jobs.uploads.path,
    });
    const omissions = new Omissions();
    try {
      const context = createContext(database, job, toExportRequest(query), tools, omissions);
      const { fileName, mediaType, chunks } = streamExport(query.format, context, omissions);
      // Sets a type by the extension too.
      response.attachment(fileName);
      response.setHeader('Content-Type', mediaType);
      await send(chunks, response, signal);
    } finally {
      await temporary.close();
    }
  }
}

/** An error before the first chunk has its own status. Later, the connection is cut, so that no file looks complete. */
async function send(
  chunks: AsyncIterable<string | Uint8Array>,
  response: Response,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const chunk of chunks) {
      if (signal.aborted) return;
      if (!response.write(chunk)) await once(response, 'drain', { signal });
    }
    response.end();
  } catch (error) {
    if (signal.aborted) return;
    if (!response.headersSent) {
      response.removeHeader('Content-Disposition');
      throw error;
    }
    response.destroy(error instanceof Error ? error : undefined);
  }
}

function toExportRequest(query: ExportQuery): Omit<ExportRequest, 'format'> {
  const { review = 'all', state, flag, q, person, changed } = query;
  const itemReview = ITEM_REVIEWS.find((each) => each === review);
  const filter: ItemFilter = {
    state: state === 'failed' ? 'dead' : state,
    ...{ review: itemReview, flag, search: q, hasPersonText: person, changed },
  };
  return {
    filter,
    choice: {
      reviewedOnly: review === 'reviewed',
      languages: query.languages && resolveLanguages(query.languages, LANGUAGE_CODES).map(codeOf),
      kinds: query.kind,
    },
    settings: {
      layout: query.layout ?? 'long',
      hasByteOrderMark: query.bom === true,
      sidecarName: query.sidecar ?? 'photo.jpg.xmp',
      baseUrl: query.base_url,
    },
  };
}

function codeOf({ code }: { readonly code: string }): string {
  return code;
}

function noTexts(): SalamandraError {
  return new SalamandraError(
    'INVALID_PARAMETER',
    'A batch has responses instead of texts. Fetch its output file.',
  );
}
