import { Body, Controller, HttpCode, Inject, Post, UseInterceptors } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';

import { collectOutcome } from '../../engine/collect-outcome.js';
import { captionConversation, resolveLanguages } from '../../engine/conversations.js';
import type { VisionLanguageEngine } from '../../engine/vision-language-engine.js';
import { ENGINE } from '../engine-token.js';
import { ApiMediaRequest, ApiProblems } from '../http/api-documentation.js';
import { ClientSignal } from '../http/client-signal.js';
import { MediaUpload } from '../http/media-upload.interceptor.js';
import { readyModel, toSettings } from '../http/engine-settings.js';
import type { Plain } from '../http/outcome.presenter.js';
import { resolveImage, UploadedImage } from '../http/requested-image.js';
import { CaptionsRequestDto } from './captions.dto.js';
import { CaptionsReplyDto, presentCaptions } from './captions.presenter.js';

@ApiTags('captions')
@Controller('v1/captions')
export class CaptionsController {
  constructor(@Inject(ENGINE) private readonly engine: VisionLanguageEngine) {}

  /** Texts about a picture, in each language asked for. */
  @Post()
  @HttpCode(200)
  @UseInterceptors(MediaUpload)
  @ApiMediaRequest(CaptionsRequestDto, CaptionsReplyDto)
  @ApiProblems()
  async create(
    @Body() body: CaptionsRequestDto,
    @UploadedImage() file: Uint8Array | undefined,
    @ClientSignal() signal: AbortSignal,
  ): Promise<Plain<CaptionsReplyDto>> {
    const image = resolveImage(file, body.media);
    const languages = resolveLanguages(body.languages ?? ['en']);
    const kinds = body.kind ?? ['caption'];
    const tasks = languages.flatMap((language) => kinds.map((kind) => ({ language, kind })));
    const model = readyModel(this.engine);
    const request = {
      images: [image],
      detail: body.detail ?? 'auto',
      conversations: tasks.map(({ kind, language }) => captionConversation(kind, language)),
      settings: toSettings(body, model),
    };
    const outcome = await collectOutcome(this.engine, request, signal);
    return presentCaptions(tasks, request.detail, model, outcome);
  }
}
