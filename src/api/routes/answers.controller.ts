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

import { MAX_MEDIA_PER_REQUEST, MAX_REPLY_LOGPROBS } from '../../config/limits.js';
import { type EarlierTurn, questionConversation } from '../../engine/conversations.js';
import type {
  GenerationSettings,
  VisionLanguageEngine,
} from '../../engine/vision-language-engine.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
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
import { requestedLanguage } from '../request/requested-languages.js';
import { resolveMedia, UploadedMedia } from '../media/requested-media.js';
import { sendOutcome } from '../response/send-outcome.js';
import { AnswersRequestDto } from './answers.dto.js';
import {
  AnswersReplyDto,
  createAnswersForm,
  presentAnswers,
  type Question,
} from './answers.presenter.js';

@ApiTags('answers')
@Controller('v1/answers')
export class AnswersController {
  constructor(
    @Inject(ENGINE) private readonly engine: VisionLanguageEngine,
    private readonly intake: MediaResolver,
  ) {}

  /** Answers to questions about pictures, clips or text alone, each on its own. */
  @Post()
  @HttpCode(200)
  @UseInterceptors(MediaUpload(MAX_MEDIA_PER_REQUEST))
  @ApiMediaRequest(AnswersRequestDto, AnswersReplyDto, {
    resultEvent: 'answer',
    files: MAX_MEDIA_PER_REQUEST,
  })
  @ApiProblems()
  async create(
    @Body() body: AnswersRequestDto,
    @UploadedMedia() files: readonly MediaSource[],
    @ClientSignal() signal: AbortSignal,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const sources = resolveMedia(files, body.media);
    const questions = resolveQuestions(body);
    const history = checkHistory(body.history);
    const language = requestedLanguage(body.language);
    const detail = body.detail ?? 'auto';
    const isStream = chooseFormat(request, body.stream, ['json', 'event-stream']) !== 'json';
    const model = readyModel(this.engine);
    checkChatModel(model, sources);
    const settings = toSettings(body, model);
    if (!isStream) checkLength(questions, settings);
    const taken = await this.intake.resolve(sources, toFrameSampling(body), signal);
    try {
      const { media } = taken;
      const context = { shown: media.map(({ kind }) => kind), history };
      const conversations = questions.map(({ text }) =>
        questionConversation(text, language, context),
      );
      const client = clientOf(request);
      const form = createAnswersForm(questions, language, detail, model);
      await sendOutcome(
        { request, response },
        {
          engine: this.engine,
          request: { client, media, detail, conversations, settings },
          signal,
        },
        form,
        { isStream, present: (outcome) => presentAnswers(form, outcome) },
      );
    } finally {
      await taken.release();
    }
  }
}

/** @throws INVALID_REQUEST unless the body has either a question or a list of them. */
function resolveQuestions({ question, questions }: AnswersRequestDto): readonly Question[] {
  if (question !== undefined && !questions) return [{ id: '1', text: question }];
  if (questions && question === undefined) return questions;
  throw new SalamandraError('INVALID_REQUEST', 'Send either "question" or "questions".');
}

/** @throws INVALID_PARAMETER unless the user and the assistant speak in turn, the user first. */
function checkHistory(history: readonly EarlierTurn[] = []): readonly EarlierTurn[] {
  const isInTurn = history.every(({ role }, i) => role === (i % 2 === 0 ? 'user' : 'assistant'));
  if (isInTurn && history.length % 2 === 0) return history;
  throw new SalamandraError(
    'INVALID_PARAMETER',
    '"history" must begin with the user, go on in turn and end with the assistant.',
    { details: { parameter: 'history' } },
  );
}

/** @throws INVALID_PARAMETER when all probabilities together might not fit a reply that is sent at once. */
function checkLength(
  questions: readonly Question[],
  { topLogprobs, maxTokens }: GenerationSettings,
): void {
  if (topLogprobs === undefined) return;
  const logprobs = questions.length * maxTokens * (1 + topLogprobs);
  if (logprobs <= MAX_REPLY_LOGPROBS) return;
  throw new SalamandraError(
    'INVALID_PARAMETER',
    'So many probabilities come as an event stream only; or ask for fewer of them, fewer tokens or fewer questions.',
    { details: { parameter: 'top_logprobs', logprobs, max_logprobs: MAX_REPLY_LOGPROBS } },
  );
}
