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
import { ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';

import { captionConversation } from '../../engine/conversations.js';
import type { VisionLanguageEngine } from '../../engine/vision-language-engine.js';
import { ENGINE } from '../engine-token.js';
import { ApiMediaRequest, ApiProblems } from '../response/api-documentation.js';
import { checkChatModel } from '../request/check-chat-model.js';
import { clientOf } from '../request/client-of.js';
import { ClientSignal } from '../request/client-signal.js';
import { toFrameSampling } from '../request/video-options.dto.js';
import { readyModel, toSettings } from '../request/engine-settings.js';
import { MediaResolver, type MediaSource } from '../media/media-resolver.js';
import { MediaUpload } from '../media/media-upload.interceptor.js';
import { chooseFormat } from '../response/response-format.js';
import { requestedLanguages } from '../request/requested-languages.js';
import { resolveOneMedia, UploadedMedia } from '../media/requested-media.js';
import { sendOutcome } from '../response/send-outcome.js';
import { CaptionsRequestDto } from './captions.dto.js';
import { CaptionsReplyDto, createCaptionsForm, presentCaptions } from './captions.presenter.js';

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
