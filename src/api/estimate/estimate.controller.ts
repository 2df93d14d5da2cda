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
import { estimateRequest } from '../../diagnosis/estimate-request.js';
import type { VideoInspector } from '../../engine/video-inspector.js';
import type { VisionLanguageEngine } from '../../engine/vision-language-engine.js';
import { CALIBRATIONS, ENGINE, VIDEO_INSPECTOR } from '../engine-token.js';
import { ApiProblems } from '../http/api-documentation.js';
import { checkChatModel } from '../http/check-chat-model.js';
import { ClientSignal } from '../http/client-signal.js';
import { toFrameSampling } from '../http/clip-options.dto.js';
import { readyModel, toSettings } from '../http/engine-settings.js';
import type { Plain } from '../http/media.presenter.js';
import { MediaIntake, type MediaSource } from '../http/media-intake.js';
import { MediaUpload } from '../http/media-upload.interceptor.js';
import { requestedLanguages } from '../http/requested-languages.js';
import { UploadedMedia } from '../http/requested-media.js';
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
    private readonly intake: MediaIntake,
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
