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
  ApiTags,
  ApiExtraModels,
  ApiProperty,
  ApiPropertyOptional,
  getSchemaPath,
} from '@nestjs/swagger';
import type { Request, Response } from 'express';
import {
  MAX_MEDIA,
  MAX_REPLY_LOGPROBS,
  MAX_HISTORY_TURNS,
  MAX_PROMPT_BYTES,
  MAX_QUESTIONS,
  MAX_TOP_LOGPROBS,
} from '../../config/limits.js';
import { type EarlierTurn, questionConversation } from '../../engine/conversations.js';
import type {
  GenerationSettings,
  VisionLanguageEngine,
  ModelDescription,
} from '../../engine/vision-language-engine.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
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
import { requestedLanguage } from '../request/language-fields.js';
import { resolveMedia, UploadedMedia, IsMediaOrList, MediaDto } from '../media/media-fields.js';
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
  ValidateNested,
  ValidateBy,
} from 'class-validator';
import { randomUUID } from 'node:crypto';
import type { RequestOutcome } from '../../engine/collect-outcome.js';
import type { Language } from '../../language/languages.js';
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
import { TokenLogprobDto } from '../response/token-logprobs-response.js';

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

const ROLES: readonly EarlierTurn['role'][] = ['user', 'assistant'];

class QuestionDto {
  @ApiProperty({ description: 'Comes back with the answer.' })
  @IsString()
  @Length(1, 64)
  id!: string;

  @ApiProperty()
  @IsString()
  @IsNotEmpty()
  @MaxUtf8Bytes(MAX_PROMPT_BYTES)
  text!: string;
}

class TurnDto implements EarlierTurn {
  @ApiProperty({ enum: ROLES })
  @IsIn(ROLES)
  role!: EarlierTurn['role'];

  @ApiProperty()
  @IsString()
  @IsNotEmpty()
  @MaxUtf8Bytes(MAX_PROMPT_BYTES)
  text!: string;
}

@ApiExtraModels(MediaDto)
export class AnswersRequestDto extends PictureGenerationDto {
  @ApiPropertyOptional({
    oneOf: [
      { $ref: getSchemaPath(MediaDto) },
      { type: 'array', maxItems: MAX_MEDIA, items: { $ref: getSchemaPath(MediaDto) } },
    ],
    description: 'Pictures and clips, in a JSON body; none for a question about text alone.',
  })
  @IsOptional()
  @IsMediaOrList()
  @ValidateNested()
  @Type(() => MediaDto)
  media?: MediaDto | MediaDto[];

  @ApiPropertyOptional({ description: 'One question; its id in the reply is "1".' })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxUtf8Bytes(MAX_PROMPT_BYTES)
  question?: string;

  @ApiPropertyOptional({ type: [QuestionDto], description: 'Several; in a form as JSON text.' })
  @IsOptional()
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(MAX_QUESTIONS)
  @ValidateNested({ each: true })
  @Type(() => QuestionDto)
  questions?: QuestionDto[];

  @ApiPropertyOptional({
    type: [TurnDto],
    description:
      'What was said before, oldest first, a user and the assistant in turn; the media were shown at its beginning. ' +
      'In a form as JSON text.',
  })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_HISTORY_TURNS)
  @ValidateNested({ each: true })
  @Type(() => TurnDto)
  history?: TurnDto[];

  @ApiPropertyOptional({ default: 'en', description: 'The language of the answers.' })
  @IsOptional()
  @IsString()
  language?: string;

  @ApiPropertyOptional({
    minimum: 0,
    maximum: MAX_TOP_LOGPROBS,
    description:
      "With it every answer has its tokens with their probabilities, and so many of each step's likeliest.",
  })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(MAX_TOP_LOGPROBS)
  top_logprobs?: number;
}

interface AnswerLabel {
  readonly id: string;
  readonly language: string;
}

class AnswerDto extends TextReplyDto {
  @ApiProperty({ description: 'The id of the question.' }) id!: string;
  @ApiProperty() language!: string;
  @ApiPropertyOptional({
    type: [TokenLogprobDto],
    description:
      'With top_logprobs. The deltas of a stream have theirs; some text may follow later.',
  })
  tokens?: TokenLogprobDto[];
}

@ApiExtraModels(ImageReportDto, VideoReportDto)
export class AnswersReplyDto {
  @ApiProperty() id!: string;
  @ApiProperty() model!: string;
  @ApiProperty({
    type: 'array',
    items: MEDIA_REPORT_SCHEMA,
    description: 'In the order of the request; empty for text alone.',
  })
  media!: MediaReportDto[];
  @ApiProperty({ type: [AnswerDto] }) answers!: AnswerDto[];
  @ApiProperty({ type: TimingsDto }) timings!: TimingsDto;
}

export interface Question {
  readonly id: string;
  readonly text: string;
}

type AnswersForm = OutcomeForm<AnswerLabel, Plain<MediaReportDto>[]>;

/** @param questions in the order of the request's conversations. */
export function createAnswersForm(
  questions: readonly Question[],
  language: Language,
  detail: Detail,
  model: ModelDescription,
): AnswersForm {
  return {
    id: `ans_${randomUUID()}`,
    model: model.id,
    resultEvent: 'answer',
    label(conversation) {
      const question = questions[conversation];
      if (!question) throw new Error('The engine answered a question that nobody asked.');
      return { id: question.id, language: language.code };
    },
    presentMedia: (media) => presentMedia(media, detail),
  };
}

export function presentAnswers(form: AnswersForm, outcome: RequestOutcome): Plain<AnswersReplyDto> {
  const { id, model, media, texts: answers, timings } = presentOutcome(form, outcome);
  return { id, model, media, answers, timings };
}

/** Property decorator: a text of at most this many bytes in UTF-8. */
export function MaxUtf8Bytes(maxBytes: number): PropertyDecorator {
  return ValidateBy({
    name: 'maxUtf8Bytes',
    validator: {
      validate: (value: unknown) =>
        typeof value === 'string' && Buffer.byteLength(value) <= maxBytes,
      defaultMessage: (failure) =>
        `${failure?.property ?? 'text'} must be at most ${maxBytes} bytes in UTF-8`,
    },
  });
}

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
  @UseInterceptors(MediaUpload(MAX_MEDIA))
  @ApiMediaRequest(AnswersRequestDto, AnswersReplyDto, { resultEvent: 'answer', files: MAX_MEDIA })
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
