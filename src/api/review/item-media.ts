import { Controller, Get, Inject, Param, Query, Req, Res } from '@nestjs/common';
import {
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiPropertyOptional,
  ApiTags,
} from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsOptional } from 'class-validator';
import type { Request, Response } from 'express';

import { SalamandraError } from '../../errors/salamandra-error.js';
import type { ItemRow } from '../../jobs/database/tables.js';
import { getJob, type Job } from '../../jobs/jobs.js';
import { contentTag, identifyMedia, mediaLocation } from '../../review/item-media.js';
import { readItemRow } from '../../review/reviewed-items.js';
import type { MediaInspector } from '../../workers/media-inspector.js';
import { ClientSignal, clientOf } from '../admission/client.js';
import { JOBS, VIDEO_INSPECTOR } from '../injection-tokens.js';
import type { JobService } from '../jobs/job-service.js';
import { ApiProblems } from '../response/problem.js';
import { parseId } from './review.js';

const SIZES = [256, 640] as const;
/** Pixels of the longer side of a preview. */
const PREVIEW_PIXELS = 1_600;
/** Seconds. The tag of a file that changes is another one. */
const THUMBNAIL_SECONDS = 86_400;

class ThumbnailQuery {
  @ApiPropertyOptional({ enum: SIZES, default: 256, description: 'Pixels of the longer side.' })
  @IsOptional()
  @Type(() => Number)
  @IsIn(SIZES)
  size?: (typeof SIZES)[number];
}

class MediaQuery {
  @ApiPropertyOptional({
    enum: ['1'],
    description: `A picture with up to ${PREVIEW_PIXELS} pixels, for formats that browsers do not show.`,
  })
  @IsOptional()
  @IsIn(['1'])
  preview?: '1';
}

@ApiTags('review')
@ApiProblems()
@Controller('v1/jobs/:id/items/:item')
export class ItemMediaController {
  constructor(
    @Inject(JOBS) private readonly jobs: JobService,
    @Inject(VIDEO_INSPECTOR) private readonly inspector: MediaInspector,
  ) {}

  @Get('thumbnail')
  @ApiOperation({
    summary: 'Show the thumbnail of an item as WebP',
    description: 'Drawn once and kept on disk. With `If-None-Match` the answer is 304.',
  })
  @ApiHeader({ name: 'If-None-Match', required: false })
  @ApiOkResponse({ content: { 'image/webp': { schema: { type: 'string', format: 'binary' } } } })
  async thumbnail(
    @Param('id') id: string,
    @Param('item') item: string,
    @Query() { size = 256 }: ThumbnailQuery,
    @ClientSignal() signal: AbortSignal,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const { job, row } = await this.find(id, item);
    await this.sendDrawn(job, row, size, { signal, request, response });
  }

  @Get('media')
  @ApiOperation({
    summary: 'Show the file of an item, or a preview of it',
    description:
      'The original with ranges, if browsers show its format; else UNSUPPORTED_MEDIA_TYPE, and `preview=1` draws a picture of it.',
  })
  @ApiHeader({ name: 'Range', required: false })
  @ApiOkResponse({ content: { 'image/*': { schema: { type: 'string', format: 'binary' } } } })
  async media(
    @Param('id') id: string,
    @Param('item') item: string,
    @Query() { preview }: MediaQuery,
    @ClientSignal() signal: AbortSignal,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const { job, row } = await this.find(id, item);
    if (preview !== undefined) {
      await this.sendDrawn(job, row, PREVIEW_PIXELS, { signal, request, response });
      return;
    }
    const opened = await this.jobs.openItem(mediaLocation(row, job), signal);
    try {
      const { type } = await identifyMedia(opened.path);
      if (type === undefined) throw notShown();
      setHeaders(response, type, await contentTag(row, 'original'), 0);
      await sendFile(response, opened.path);
    } finally {
      await opened.dispose();
    }
  }

  private async find(id: string, item: string): Promise<{ job: Job; row: ItemRow }> {
    const database = this.jobs.database();
    const job = await getJob(database, id);
    return { job, row: await readItemRow(database, job.id, parseId(item)) };
  }

  /** Checks the path first, also for a picture that is already drawn. */
  private async sendDrawn(
    job: Job,
    row: ItemRow,
    sidePixels: number,
    { signal, request, response }: { signal: AbortSignal; request: Request; response: Response },
  ): Promise<void> {
    const location = mediaLocation(row, job);
    const tag = await contentTag(row, String(sidePixels));
    const isLocal = location.kind === 'file';
    const opened = isLocal ? await this.jobs.openItem(location, signal) : undefined;
    try {
      setHeaders(response, 'image/webp', tag, THUMBNAIL_SECONDS);
      if (request.fresh) {
        response.status(304).end();
        return;
      }
      const caller = { client: clientOf(request), sidePixels };
      const picture = await this.jobs.thumbnails.get(tag, async () => {
        const file = opened ?? (await this.jobs.openItem(location, signal));
        try {
          return await this.draw(file.path, caller);
        } finally {
          await file.dispose();
        }
      });
      response.end(picture);
    } catch (error) {
      for (const name of ['ETag', 'Cache-Control']) response.removeHeader(name);
      throw error;
    } finally {
      await opened?.dispose();
    }
  }

  /** Without the signal of the request: another one may wait for the same picture. */
  private async draw(
    path: string,
    options: { readonly client: string; readonly sidePixels: number },
  ): Promise<Uint8Array> {
    const { kind } = await identifyMedia(path);
    return await this.inspector.drawThumbnail(
      kind === 'video' ? { kind, path } : { kind, file: { path }, page: undefined },
      options,
    );
  }
}

function setHeaders(response: Response, type: string, tag: string, seconds: number): void {
  response.setHeader('Content-Type', type);
  response.setHeader('ETag', `"${tag}"`);
  response.setHeader('Cache-Control', `private, max-age=${seconds}`);
  // A file of an archive runs no script, whatever it contains.
  response.setHeader('Content-Security-Policy', "default-src 'none'; sandbox");
}

/** Sends a file with ranges and conditions, which Express evaluates. */
async function sendFile(response: Response, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const options = { dotfiles: 'allow', cacheControl: false, lastModified: false } as const;
    response.sendFile(path, options, (error?: Error & { code?: string }) => {
      // The client has closed the connection.
      if (!error || error.code === 'ECONNABORTED' || response.headersSent) resolve();
      else reject(error);
    });
  });
}

function notShown(): SalamandraError {
  return new SalamandraError(
    'UNSUPPORTED_MEDIA_TYPE',
    'Browsers do not show files of this format. Ask for a picture of it with "preview=1".',
  );
}
