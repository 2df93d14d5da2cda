import {
  Body,
  Controller,
  HttpCode,
  Inject,
  Post,
  Req,
  StreamableFile,
  UseInterceptors,
} from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiExtraModels,
  ApiOkResponse,
  ApiOperation,
  ApiPropertyOptional,
  ApiTags,
} from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsObject, IsOptional, ValidateNested } from 'class-validator';
import type { Request } from 'express';

import { THUMBNAIL_SIDE_PIXELS } from '../../config/limits.js';
import { DEFAULT_FRAMES } from '../../media/frame-sampling.js';
import type { MediaInspector } from '../../workers/media-inspector.js';
import { ClientSignal, clientOf } from '../admission/client.js';
import { TakesPlace } from '../admission/work-queue.js';
import { VIDEO_INSPECTOR } from '../injection-tokens.js';
import { MediaDto, resolveOneMedia } from '../media/media-fields.js';
import { MediaResolver, type MediaSource } from '../media/media-resolver.js';
import { MediaUpload, UploadedMedia } from '../media/media-upload.js';
import { PageField } from '../request/page-fields.js';
import { ApiProblems } from '../response/problem.js';
import { toFormSchema } from './media-request.js';

class ThumbnailRequestDto {
  @ApiPropertyOptional({ type: MediaDto, description: 'The image or video, in a JSON body.' })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => MediaDto)
  media?: MediaDto;

  @PageField()
  page?: number;
}

/** The resolver asks for it, and a thumbnail has one frame. */
const SAMPLING = { mode: 'uniform', frames: { count: DEFAULT_FRAMES } } as const;

@ApiTags('thumbnails')
@ApiExtraModels(ThumbnailRequestDto)
@Controller('v1/thumbnails')
export class ThumbnailsController {
  constructor(
    @Inject(VIDEO_INSPECTOR) private readonly inspector: MediaInspector,
    private readonly resolver: MediaResolver,
  ) {}

  @Post()
  @HttpCode(200)
  @UseInterceptors(MediaUpload(1), TakesPlace)
  @ApiOperation({
    summary: 'Draw a thumbnail of an image or a video',
    description: `Decodes a file as the model would see it: a page of a document, or the frame of a video at one second. Returns WebP with ${THUMBNAIL_SIDE_PIXELS} pixels on the longer side. For formats that browsers cannot show.`,
  })
  @ApiConsumes('multipart/form-data', 'application/json')
  @ApiBody({ schema: toFormSchema(ThumbnailRequestDto, 1) })
  @ApiOkResponse({ content: { 'image/webp': { schema: { type: 'string', format: 'binary' } } } })
  @ApiProblems()
  async create(
    @Body() body: ThumbnailRequestDto,
    @UploadedMedia() files: readonly MediaSource[],
    @ClientSignal() signal: AbortSignal,
    @Req() request: Request,
  ): Promise<StreamableFile> {
    const source = resolveOneMedia(files, body);
    const { media, release } = await this.resolver.resolve([source], SAMPLING, signal);
    try {
      const [item] = media;
      if (!item) throw new Error('The source was resolved to no media.');
      const thumbnail = await this.inspector.drawThumbnail(
        item.kind === 'video'
          ? { kind: 'video', path: item.path }
          : {
              kind: 'image',
              file: 'bytes' in item ? { bytes: item.bytes } : { path: item.path },
              page: item.page,
            },
        { client: clientOf(request), signal },
      );
      return new StreamableFile(thumbnail, { type: 'image/webp' });
    } finally {
      await release();
    }
  }
}
