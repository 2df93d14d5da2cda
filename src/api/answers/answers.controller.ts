import { Body, Controller, HttpCode, Inject, Post, UseInterceptors } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';

import { collectOutcome } from '../../engine/collect-outcome.js';
import { questionConversation } from '../../engine/conversations.js';
import type { VisionLanguageEngine } from '../../engine/vision-language-engine.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { resolveLanguage } from '../../language/languages.js';
import { ENGINE } from '../engine-token.js';
import { ApiMediaRequest, ApiProblems } from '../http/api-documentation.js';
import { ClientSignal } from '../http/client-signal.js';
import { readyModel, toSettings } from '../http/engine-settings.js';
import { MediaUpload } from '../http/media-upload.interceptor.js';
import type { Plain } from '../http/outcome.presenter.js';
import { resolveImage, UploadedImage } from '../http/requested-image.js';
import { AnswersRequestDto } from './answers.dto.js';
import { AnswersReplyDto, presentAnswers, type Question } from './answers.presenter.js';

@ApiTags('answers')
@Controller('v1/answers')
export class AnswersController {
  constructor(@Inject(ENGINE) private readonly engine: VisionLanguageEngine) {}

  /** Answers to questions about a picture, each on its own. */
  @Post()
  @HttpCode(200)
  @UseInterceptors(MediaUpload)
  @ApiMediaRequest(AnswersRequestDto, AnswersReplyDto)
  @ApiProblems()
  async create(
    @Body() body: AnswersRequestDto,
    @UploadedImage() file: Uint8Array | undefined,
    @ClientSignal() signal: AbortSignal,
  ): Promise<Plain<AnswersReplyDto>> {
    const image = resolveImage(file, body.media);
    const questions = resolveQuestions(body);
    const language = resolveLanguage(body.language ?? 'en');
    const model = readyModel(this.engine);
    const request = {
      images: [image],
      detail: body.detail ?? 'auto',
      conversations: questions.map(({ text }) => questionConversation(text, language)),
      settings: toSettings(body, model),
    };
    const outcome = await collectOutcome(this.engine, request, signal);
    return presentAnswers(questions, language, request.detail, model, outcome);
  }
}

/** @throws INVALID_REQUEST unless the body has either a question or a list of them. */
function resolveQuestions({ question, questions }: AnswersRequestDto): readonly Question[] {
  if (question !== undefined && !questions) return [{ id: '1', text: question }];
  if (questions && question === undefined) return questions;
  throw new SalamandraError('INVALID_REQUEST', 'Send either "question" or "questions".');
}
