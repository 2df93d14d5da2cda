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
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  IsArray,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsOptional,
  IsString,
  Length,
  Max,
  Min,
  ValidateBy,
  ValidateNested,
} from 'class-validator';
import type { Request, Response } from 'express';

import {
  MAX_HISTORY_TURNS,
  MAX_MEDIA_PER_REQUEST,
  MAX_PROMPT_BYTES,
  MAX_QUESTIONS,
  MAX_REPLY_LOGPROBS,
  MAX_TOP_LOGPROBS,
} from '../../config/limits.js';
import { type EarlierTurn, questionConversation } from '../../engine/conversations.js';
import type {
  Answer,
  GenerationSettings,
  ModelDescription,
  VisionLanguageEngine,
} from '../../engine/vision-language-engine.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import type { Language } from '../../language/languages.js';
import type { MediaReport } from '../../media/media-report.js';
import type { Detail } from '../../vision/plan-tiles.js';
import { ENGINE } from '../injection-tokens.js';
import { MediaDto, MediaField, resolveMedia } from '../media/media-fields.js';
import type { MediaSource } from '../media/media-resolver.js';
import { MediaUpload, UploadedMedia } from '../media/media-upload.js';
import { ClientSignal } from '../admission/client.js';
import { TakesPlace } from '../admission/work-queue.js';
import { ImageGenerationDto } from '../request/generation-fields.js';
import { requestedLanguage } from '../request/language-fields.js';
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
  TokenLogprobDto,
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

const ROLES: readonly EarlierTurn['role'][] = ['user', 'assistant'];

/** Property decorator: a string of at most MAX_PROMPT_BYTES bytes in UTF-8. */
function IsPrompt(): PropertyDecorator {
  return ValidateBy({
    name: 'maxUtf8Bytes',
    validator: {
      validate: (value: unknown) =>
        typeof value === 'string' && Buffer.byteLength(value) <= MAX_PROMPT_BYTES,
      defaultMessage: (failure) =>
        `${failure?.property ?? 'text'} must be at most ${MAX_PROMPT_BYTES} bytes in UTF-8`,
    },
  });
}

class QuestionDto {
  @ApiProperty({ description: 'Chosen by the client; the answer carries the same id.' })
  @IsString()
  @Length(1, 64)
  id!: string;

  @ApiProperty()
  @IsString()
  @IsNotEmpty()
  @IsPrompt()
  text!: string;
}

class TurnDto implements EarlierTurn {
  @ApiProperty({ enum: ROLES })
  @IsIn(ROLES)
  role!: EarlierTurn['role'];

  @ApiProperty()
  @IsString()
  @IsNotEmpty()
  @IsPrompt()
  text!: string;
}

@ApiExtraModels(MediaDto)
export class AnswersRequestDto extends ImageGenerationDto {
  @MediaField(MediaDto, 'Images and videos, in a JSON body. Leave out for a text-only question.')
  media?: MediaDto | MediaDto[];

  @ApiPropertyOptional({
    description: 'A single question, instead of "questions". Its answer has the id "1".',
  })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @IsPrompt()
  question?: string;

  @ApiPropertyOptional({
    type: [QuestionDto],
    maxItems: MAX_QUESTIONS,
    description: 'Several independent questions, instead of "question". In a form: as JSON.',
  })
  @IsOptional()
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(MAX_QUESTIONS)
  @ValidateNested({ each: true })
  @Type(() => QuestionDto)
  questions?: QuestionDto[];

  @ApiPropertyOptional({
    type: [TurnDto],
    maxItems: MAX_HISTORY_TURNS,
    description:
      'Earlier turns, oldest first, alternating between user and assistant. The media belong to the first turn. In a form: as JSON.',
  })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_HISTORY_TURNS)
  @ValidateNested({ each: true })
  @Type(() => TurnDto)
  history?: TurnDto[];

  @ApiPropertyOptional({
    default: 'en',
    description: 'Language of the answers, as a code of GET /v1/languages or a BCP 47 tag.',
  })
  @IsOptional()
  @IsString()
  language?: string;

  @ApiPropertyOptional({
    minimum: 0,
    maximum: MAX_TOP_LOGPROBS,
    description:
      'Adds the log-probability of every token, and of this number of most likely tokens at each step.',
  })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(MAX_TOP_LOGPROBS)
  top_logprobs?: number;
}

class AnswerDto extends TextResponseDto {
  @ApiProperty({ description: 'Id of the question.' }) id!: string;
  @ApiProperty({ description: 'Language code, as in GET /v1/languages.' }) language!: string;
  @ApiPropertyOptional({
    type: [TokenLogprobDto],
    description:
      'Only with top_logprobs. In a stream each text-delta carries its tokens; the text of a token may follow in a later delta.',
  })
  tokens?: TokenLogprobDto[];
}

@ApiExtraModels(ImageReportDto, VideoReportDto)
class AnswersResponseDto {
  @ApiProperty() id!: string;
  @ApiProperty({ description: 'Id of the model.' }) model!: string;
  @ApiProperty({
    type: 'array',
    items: MEDIA_REPORT_SCHEMA,
    description: 'In the order of the request. Empty for text-only questions.',
  })
  media!: MediaReportDto[];
  @ApiProperty({ type: [AnswerDto], description: 'In the order of the questions.' })
  answers!: AnswerDto[];
  @ApiProperty({ type: TimingsDto, description: 'Milliseconds.' }) timings!: TimingsDto;
}

interface Question {
  readonly id: string;
  readonly text: string;
}

/** @throws INVALID_REQUEST unless the body has either `question` or `questions`. */
function resolveQuestions({ question, questions }: AnswersRequestDto): readonly Question[] {
  if (question !== undefined && !questions) return [{ id: '1', text: question }];
  if (questions && question === undefined) return questions;
  throw new SalamandraError(
    'INVALID_REQUEST',
    question === undefined
      ? 'The request has no question. Send "question" or "questions".'
      : 'The request has both "question" and "questions". Send only one of them.',
  );
}

/** @throws INVALID_PARAMETER unless user and assistant alternate, from a user turn to an assistant turn. */
function checkHistory(history: readonly EarlierTurn[] = []): readonly EarlierTurn[] {
  const isAlternating = history.every(
    ({ role }, index) => role === (index % 2 === 0 ? 'user' : 'assistant'),
  );
  if (isAlternating && history.length % 2 === 0) return history;
  throw new SalamandraError(
    'INVALID_PARAMETER',
    '"history" must alternate between user and assistant, start with a user turn and end with an assistant turn.',
    { details: { parameter: 'history' } },
  );
}

/** @throws INVALID_PARAMETER if a JSON response could exceed MAX_REPLY_LOGPROBS log-probabilities. */
function checkLogprobs(
  questions: readonly Question[],
  { topLogprobs, maxTokens }: GenerationSettings,
): void {
  if (topLogprobs === undefined) return;
  const logprobs = questions.length * maxTokens * (1 + topLogprobs);
  if (logprobs <= MAX_REPLY_LOGPROBS) return;
  throw new SalamandraError(
    'INVALID_PARAMETER',
    `Too many log-probabilities for one JSON response: up to ${logprobs}, limit ${MAX_REPLY_LOGPROBS}. Set "stream": true, or lower top_logprobs, max_tokens or the number of questions.`,
    { details: { parameter: 'top_logprobs', logprobs, max_logprobs: MAX_REPLY_LOGPROBS } },
  );
}

/** @param questions in the order of the request's conversations. */
function createAnswersFormat(
  questions: readonly Question[],
  language: Language,
  detail: Detail,
  model: ModelDescription,
): OutcomeFormat {
  const head = { id: `ans_${randomUUID()}`, model: model.id };
  const toLabel = (conversation: number) => {
    const question = questions[conversation];
    if (!question) {
      throw new Error(`The engine answered conversation ${conversation} of no question.`);
    }
    return { id: question.id, language: language.code };
  };
  const toMedia = (media: readonly MediaReport[]) => toMediaResponse(media, detail);
  const toAnswer = (answer: Answer): Plain<AnswerDto> => ({
    ...toLabel(answer.conversation),
    ...toTextResponse(answer, language.code),
  });
  return {
    toResponse: ({ media, answers, timings }): Plain<AnswersResponseDto> => ({
      ...head,
      media: toMedia(media),
      answers: answers.map(toAnswer),
      timings: toTimingsResponse(timings),
    }),
    toMessages: (event) =>
      toTextMessages(event, { head, resultEvent: 'answer', toLabel, toResult: toAnswer, toMedia }),
    toErrorMessage: toProblemMessage,
  };
}

@ApiTags('answers')
@Controller('v1/answers')
export class AnswersController {
  constructor(
    @Inject(ENGINE) private readonly engine: VisionLanguageEngine,
    private readonly handler: MediaRequestHandler,
  ) {}

  @Post()
  @HttpCode(200)
  @UseInterceptors(MediaUpload(MAX_MEDIA_PER_REQUEST), TakesPlace)
  @ApiOperation({
    summary: 'Answer questions about images, videos or text',
    description: `Answers up to ${MAX_QUESTIONS} independent questions about up to ${MAX_MEDIA_PER_REQUEST} images and videos, or about text alone. "history" continues an earlier conversation.`,
  })
  @ApiMediaRequest({
    request: AnswersRequestDto,
    response: AnswersResponseDto,
    resultEvent: 'answer',
    maxFiles: MAX_MEDIA_PER_REQUEST,
  })
  @ApiProblems()
  async create(
    @Body() body: AnswersRequestDto,
    @UploadedMedia() files: readonly MediaSource[],
    @ClientSignal() signal: AbortSignal,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const exchange = { request, response, signal };
    const sources = resolveMedia(files, body);
    const questions = resolveQuestions(body);
    const history = checkHistory(body.history);
    const language = requestedLanguage(body.language, readyModel(this.engine));
    const detail = body.detail ?? 'auto';
    const isStream = chooseFormat(request, body.stream, ['json', 'event-stream']) !== 'json';
    const checkSettings = (settings: GenerationSettings) => {
      if (!isStream) checkLogprobs(questions, settings);
    };
    await this.handler.handle(
      exchange,
      { body, sources, texts: 'answers', checkSettings },
      async ({ client, model, settings, media }) => {
        const context = { shown: media.map(({ kind }) => kind), history };
        const conversations = questions.map(({ text }) =>
          questionConversation(text, language, context),
        );
        const { receipts } = body;
        const work = { client, media, detail, conversations, settings, receipts };
        const format = createAnswersFormat(questions, language, detail, model);
        await sendOutcome(exchange, this.engine.generate(work, signal), format, isStream);
      },
    );
  }
}
