import { randomUUID } from 'node:crypto';

import {
  Body,
  Controller,
  HttpCode,
  Inject,
  Post,
  Req,
  Res,
  UseInterceptors,
} from '@nestjs/common';
import {
  ApiExtraModels,
  ApiOperation,
  ApiProperty,
  ApiPropertyOptional,
  ApiTags,
} from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsObject, IsOptional, ValidateNested } from 'class-validator';
import type { Request, Response } from 'express';

import { captionConversation } from '../../engine/conversations.js';
import type {
  Answer,
  ModelDescription,
  VisionLanguageEngine,
} from '../../engine/vision-language-engine.js';
import { CAPTION_KINDS, type CaptionKind, type Language } from '../../language/languages.js';
import type { MediaReport } from '../../media/media-report.js';
import type { Detail } from '../../vision/plan-tiles.js';
import { ENGINE } from '../injection-tokens.js';
import { MediaDto, resolveOneMedia } from '../media/media-fields.js';
import type { MediaSource } from '../media/media-resolver.js';
import { MediaUpload, UploadedMedia } from '../media/media-upload.js';
import { ClientSignal } from '../admission/client.js';
import { TakesPlace } from '../admission/work-queue.js';
import { ImageGenerationDto } from '../request/generation-fields.js';
import { KindsField, LanguagesField, requestedLanguages } from '../request/language-fields.js';
import { readyModel } from '../request/loaded-model.js';
import {
  ImageReportDto,
  MEDIA_REPORT_SCHEMA,
  type MediaReportDto,
  type Plain,
  toMediaResponse,
  VideoReportDto,
} from '../response/media-response.js';
import {
  TextResponseDto,
  TimingsDto,
  toTextResponse,
  toTimingsResponse,
} from '../response/outcome-response.js';
import { ApiProblems } from '../response/problem.js';
import {
  chooseFormat,
  type OutcomeFormat,
  sendOutcome,
  toProblemMessage,
  toTextMessages,
} from '../response/send-outcome.js';
import { ApiMediaRequest, MediaRequestHandler } from './media-request.js';

export class CaptionsRequestDto extends ImageGenerationDto {
  @ApiPropertyOptional({ type: MediaDto, description: 'The image or video, in a JSON body.' })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => MediaDto)
  media?: MediaDto;

  @LanguagesField()
  languages?: string[];

  @KindsField()
  kind?: CaptionKind[];
}

class CaptionDto extends TextResponseDto {
  @ApiProperty({ description: 'Language code, as in GET /v1/languages.' }) language!: string;
  @ApiProperty({ enum: CAPTION_KINDS }) kind!: CaptionKind;
}

@ApiExtraModels(ImageReportDto, VideoReportDto)
class CaptionsResponseDto {
  @ApiProperty() id!: string;
  @ApiProperty({ description: 'Id of the model.' }) model!: string;
  @ApiProperty(MEDIA_REPORT_SCHEMA) media!: MediaReportDto;
  @ApiProperty({ type: [CaptionDto], description: 'One per language and kind.' })
  results!: CaptionDto[];
  @ApiProperty({ type: TimingsDto, description: 'Milliseconds.' }) timings!: TimingsDto;
}

interface CaptionTask {
  readonly language: Language;
  readonly kind: CaptionKind;
}

/** @param tasks in the order of the request's conversations. */
function createCaptionsFormat(
  tasks: readonly CaptionTask[],
  detail: Detail,
  model: ModelDescription,
): OutcomeFormat {
  const head = { id: `cap_${randomUUID()}`, model: model.id };
  const toLabel = (conversation: number) => {
    const task = tasks[conversation];
    if (!task) throw new Error(`The engine answered conversation ${conversation} of no task.`);
    return { language: task.language.code, kind: task.kind };
  };
  const toMedia = (media: readonly MediaReport[]) => {
    const [report] = toMediaResponse(media, detail);
    if (!report) throw new Error('The engine reported no media.');
    return report;
  };
  const toCaption = (answer: Answer): Plain<CaptionDto> => {
    const label = toLabel(answer.conversation);
    return { ...label, ...toTextResponse(answer, label.language) };
  };
  return {
    toResponse: ({ media, answers, timings }): Plain<CaptionsResponseDto> => ({
      ...head,
      media: toMedia(media),
      results: answers.map(toCaption),
      timings: toTimingsResponse(timings),
    }),
    toMessages: (event) =>
      toTextMessages(event, {
        head,
        resultEvent: 'caption',
        toLabel,
        toResult: toCaption,
        toMedia,
      }),
    toErrorMessage: toProblemMessage,
  };
}

@ApiTags('captions')
@Controller('v1/captions')
export class CaptionsController {
  constructor(
    @Inject(ENGINE) private readonly engine: VisionLanguageEngine,
    private readonly handler: MediaRequestHandler,
  ) {}

  @Post()
  @HttpCode(200)
  @UseInterceptors(MediaUpload(1), TakesPlace)
  @ApiOperation({
    summary: 'Caption an image or a video',
    description:
      'Generates captions, alt texts, long descriptions or keywords of one image or video, in each requested language.',
  })
  @ApiMediaRequest({
    request: CaptionsRequestDto,
    response: CaptionsResponseDto,
    resultEvent: 'caption',
    maxFiles: 1,
  })
  @ApiProblems()
  async create(
    @Body() body: CaptionsRequestDto,
    @UploadedMedia() files: readonly MediaSource[],
    @ClientSignal() signal: AbortSignal,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const exchange = { request, response, signal };
    const sources = [resolveOneMedia(files, body)];
    const languages = requestedLanguages(body.languages, readyModel(this.engine));
    const kinds = body.kind ?? ['caption'];
    const tasks = languages.flatMap((language) => kinds.map((kind) => ({ language, kind })));
    const detail = body.detail ?? 'auto';
    const isStream = chooseFormat(request, body.stream, ['json', 'event-stream']) !== 'json';
    await this.handler.handle(
      exchange,
      { body, sources, texts: 'captions' },
      async ({ client, model, settings, media }) => {
        const conversations = tasks.map(({ kind, language }) =>
          captionConversation(kind, language, media[0]?.kind),
        );
        const { receipts } = body;
        const work = { client, media, detail, conversations, settings, receipts };
        const format = createCaptionsFormat(tasks, detail, model);
        await sendOutcome(exchange, this.engine.generate(work, signal), format, isStream);
      },
    );
  }
}
