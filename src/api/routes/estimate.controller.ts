import { Body, Controller, HttpCode, Inject, Post, UseInterceptors } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiExtraModels,
  ApiOkResponse,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';

import { MAX_MEDIA } from '../../config/limits.js';
import { estimateRequest } from '../../measure/doctor/estimate.js';
import type { VideoInspector } from '../../workers/media-inspector.js';
import type { VisionLanguageEngine } from '../../engine/vision-language-engine.js';
import { CALIBRATIONS, ENGINE, VIDEO_INSPECTOR } from '../engine-token.js';
import { ApiProblems } from '../response/api-documentation.js';
import { checkChatModel } from '../request/check-chat-model.js';
import { ClientSignal } from '../request/client-signal.js';
import { toFrameSampling } from '../request/video-options.dto.js';
import { readyModel, toSettings } from '../request/engine-settings.js';
import type { Plain } from '../response/media-response.js';
import { MediaResolver, type MediaSource } from '../media/media-resolver.js';
import { MediaUpload } from '../media/media-upload.interceptor.js';
import { requestedLanguages } from '../request/requested-languages.js';
import { UploadedMedia } from '../media/requested-media.js';
import type { FindCalibration } from './calibrations.js';
import { EstimateRequestDto } from './estimate.dto.js';
import { EstimateReplyDto, presentEstimate } from './estimate.presenter.js';
import { outlineMedia } from './outline-media.js';

@ApiTags('estimate')
@ApiExtraModels(EstimateRequestDto)
@Controller('v1/estimate')
export class EstimateController {
  constructor(
    @Inject(ENGINE) private readonly engine: VisionLanguageEngine,
    @Inject(VIDEO_INSPECTOR) private readonly inspector: VideoInspector,
    @Inject(CALIBRATIONS) private readonly findCalibration: FindCalibration,
    private readonly intake: MediaResolver,
  ) {}

  /** What a captions request would take, without doing it: tokens, time and memory. Nothing waits for the model. */
  @Post()
  @HttpCode(200)
  @UseInterceptors(MediaUpload(MAX_MEDIA))
  @ApiConsumes('multipart/form-data', 'application/json')
  @ApiBody({
    schema: {
      allOf: [
        { $ref: getSchemaPath(EstimateRequestDto) },
        {
          type: 'object',
          properties: {
            file: {
              type: 'array',
              items: { type: 'string', format: 'binary' },
              maxItems: MAX_MEDIA,
            },
          },
        },
      ],
    },
  })
  @ApiOkResponse({ type: EstimateReplyDto })
  @ApiProblems()
  async create(
    @Body() body: EstimateRequestDto,
    @UploadedMedia() files: readonly MediaSource[],
    @ClientSignal() signal: AbortSignal,
  ): Promise<Plain<EstimateReplyDto>> {
    const model = readyModel(this.engine);
    const sampling = toFrameSampling(body);
    const { maxTokens } = toSettings(body, model);
    const texts = requestedLanguages(body.languages).length * (body.kind ?? ['caption']).length;
    checkChatModel(model, [...files, ...[body.media ?? []].flat()]);
    const { intake, inspector } = this;
    const media = await outlineMedia(
      { files, media: body.media, sampling },
      { intake, inspector },
      signal,
    );
    const request = { media, detail: body.detail ?? 'auto', texts, maxTokens };
    const costs = { ...model.costs, contextLength: model.contextLength };
    const estimate = estimateRequest(request, costs, await this.findCalibration(model));
    return presentEstimate(media, request, estimate, model);
  }
}
