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
import { ApiTags, ApiPropertyOptional, ApiExtraModels, ApiProperty } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { captionConversation } from '../../engine/conversations.js';
import type {
  VisionLanguageEngine,
  ModelDescription,
} from '../../engine/vision-language-engine.js';
import { ENGINE } from '../injection-tokens.js';
import { ApiMediaRequest, ApiProblems } from '../response/api-documentation.js';
import { checkChatModel } from '../request/loaded-model.js';
import { clientOf, ClientSignal } from '../request/client.js';
import {
  toFrameSampling,
  readyModel,
  toSettings,
  PictureGenerationDto,
} from '../request/generation-fields.js';
import { MediaResolver, type MediaSource } from '../media/media-resolver.js';
import { MediaUpload } from '../media/media-upload.js';
import { chooseFormat, sendOutcome } from '../response/send-outcome.js';
import { requestedLanguages, KindsField, LanguagesField } from '../request/language-fields.js';
import { resolveOneMedia, UploadedMedia, MediaDto } from '../media/media-fields.js';
import { Type } from 'class-transformer';
import { IsObject, IsOptional, ValidateNested } from 'class-validator';
import { type CaptionKind, CAPTION_KINDS, type Language } from '../../language/languages.js';
import { randomUUID } from 'node:crypto';
import type { RequestOutcome } from '../../engine/collect-outcome.js';
import type { Detail } from '../../vision/plan-tiles.js';
import {
  ImageReportDto,
  MEDIA_REPORT_SCHEMA,
  type MediaReportDto,
  type Plain,
  presentMedia,
  VideoReportDto,
} from '../response/media-response.js';
import {
  type OutcomeForm,
  presentOutcome,
  TextReplyDto,
  TimingsDto,
} from '../response/outcome-response.js';

export class CaptionsRequestDto extends PictureGenerationDto {
  @ApiPropertyOptional({ type: MediaDto, description: 'The picture or clip, in a JSON body.' })
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

interface CaptionLabel {
  readonly language: string;
  readonly kind: CaptionKind;
}

class CaptionDto extends TextReplyDto {
  @ApiProperty() language!: string;
  @ApiProperty({ enum: CAPTION_KINDS }) kind!: CaptionKind;
}

@ApiExtraModels(ImageReportDto, VideoReportDto)
export class CaptionsReplyDto {
  @ApiProperty() id!: string;
  @ApiProperty() model!: string;
  @ApiProperty(MEDIA_REPORT_SCHEMA) media!: MediaReportDto;
  @ApiProperty({ type: [CaptionDto] }) results!: CaptionDto[];
  @ApiProperty({ type: TimingsDto }) timings!: TimingsDto;
}

export interface CaptionTask {
  readonly language: Language;
  readonly kind: CaptionKind;
}

type CaptionsForm = OutcomeForm<CaptionLabel, Plain<MediaReportDto>>;

/** @param tasks in the order of the request's conversations. */
export function createCaptionsForm(
  tasks: readonly CaptionTask[],
  detail: Detail,
  model: ModelDescription,
): CaptionsForm {
  return {
    id: `cap_${randomUUID()}`,
    model: model.id,
    resultEvent: 'caption',
    label(conversation) {
      const task = tasks[conversation];
      if (!task) throw new Error('The engine answered a conversation that nobody began.');
      return { language: task.language.code, kind: task.kind };
    },
    presentMedia(media) {
      const [report] = presentMedia(media, detail);
      if (!report) throw new Error('The engine reported no media.');
      return report;
    },
  };
}

export function presentCaptions(
  form: CaptionsForm,
  outcome: RequestOutcome,
): Plain<CaptionsReplyDto> {
  const { id, model, media, texts: results, timings } = presentOutcome(form, outcome);
  return { id, model, media, results, timings };
}

@ApiTags('captions')
@Controller('v1/captions')
export class CaptionsController {
  constructor(
    @Inject(ENGINE) private readonly engine: VisionLanguageEngine,
    private readonly intake: MediaResolver,
  ) {}

  /** Texts about a picture or a clip, in each language asked for. */
  @Post()
  @HttpCode(200)
  @UseInterceptors(MediaUpload(1))
  @ApiMediaRequest(CaptionsRequestDto, CaptionsReplyDto, { resultEvent: 'caption', files: 1 })
  @ApiProblems()
  async create(
    @Body() body: CaptionsRequestDto,
    @UploadedMedia() files: readonly MediaSource[],
    @ClientSignal() signal: AbortSignal,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const source = resolveOneMedia(files, body.media);
    const languages = requestedLanguages(body.languages);
    const kinds = body.kind ?? ['caption'];
    const tasks = languages.flatMap((language) => kinds.map((kind) => ({ language, kind })));
    const detail = body.detail ?? 'auto';
    const isStream = chooseFormat(request, body.stream, ['json', 'event-stream']) !== 'json';
    const model = readyModel(this.engine);
    checkChatModel(model, [source]);
    const settings = toSettings(body, model);
    const taken = await this.intake.resolve([source], toFrameSampling(body), signal);
    try {
      const { media } = taken;
      const conversations = tasks.map(({ kind, language }) =>
        captionConversation(kind, language, media[0]?.kind),
      );
      const client = clientOf(request);
      const form = createCaptionsForm(tasks, detail, model);
      await sendOutcome(
        { request, response },
        {
          engine: this.engine,
          request: { client, media, detail, conversations, settings },
          signal,
        },
        form,
        { isStream, present: (outcome) => presentCaptions(form, outcome) },
      );
    } finally {
      await taken.release();
    }
  }
}
