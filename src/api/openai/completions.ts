import {
  Body,
  Controller,
  HttpCode,
  Inject,
  Post,
  Req,
  Res,
  applyDecorators,
} from '@nestjs/common';
import { ApiTags, ApiBody, ApiOkResponse } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { collectOutcome } from '../../engine/collect-outcome.js';
import type {
  VisionLanguageEngine,
  GenerationSettings,
  ModelDescription,
} from '../../engine/vision-language-engine.js';
import { ENGINE } from '../injection-tokens.js';
import { clientOf, ClientSignal } from '../request/client.js';
import { readyModel } from '../request/generation-fields.js';
import { createCompletionFrame } from './completion-frame.js';
import {
  checkJsonBody,
  readBody,
  readReplyForm,
  readSettings,
  type ReplyForm,
  invalidParameter,
  isAbsent,
  type JsonObject,
  readNumber,
  rejectUnsupported,
  type Unsupported,
} from './request-body.js';
import { streamChunks } from './stream-chunks.js';
import { toCompletionChunks, presentCompletion } from './completions-response.js';
import {
  MAX_ANSWER_TOKENS,
  MAX_QUESTIONS,
  MAX_TOP_LOGPROBS,
  MAX_PROMPT_BYTES,
  MAX_REPLY_LOGPROBS,
} from '../../config/limits.js';
import { ApiOpenAiErrors } from './errors.js';
import { resolveSettings } from '../../engine/resolve-settings.js';

@ApiTags('openai')
@Controller('v1/completions')
export class CompletionsController {
  constructor(@Inject(ENGINE) private readonly engine: VisionLanguageEngine) {}

  /** How texts go on, word for word and without a chat around them, in the form of OpenAI's older endpoint. */
  @Post()
  @HttpCode(200)
  @ApiCompletions()
  async create(
    @Body() body: unknown,
    @ClientSignal() signal: AbortSignal,
    @Req() httpRequest: Request,
    @Res() response: Response,
  ): Promise<void> {
    checkJsonBody(httpRequest);
    const model = readyModel(this.engine);
    const { prompts, settings, reply } = parseCompletionRequest(body, model);
    const conversations = prompts.map((rawText) => ({ rawText }));
    const client = clientOf(httpRequest);
    const request = { client, media: [], detail: 'auto', conversations, settings } as const;
    const frame = createCompletionFrame('cmpl', model);
    if (reply.kind === 'whole') {
      response.json(presentCompletion(frame, await collectOutcome(this.engine, request, signal)));
      return;
    }
    const events = this.engine.generate(request, signal);
    const chunks = toCompletionChunks(events, frame, reply);
    await streamChunks({ request: httpRequest, response }, chunks);
  }
}

const TEXT_OR_TEXTS = {
  oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
};

const REQUEST = {
  type: 'object',
  required: ['model', 'prompt'],
  description: 'Fields that are not listed are ignored.',
  properties: {
    model: { type: 'string', example: 'visual-salamandra' },
    prompt: {
      ...TEXT_OR_TEXTS,
      description: `Up to ${MAX_QUESTIONS}, a choice each. Control tokens written in them are text like any other.`,
    },
    max_tokens: { type: 'integer', minimum: 1, maximum: MAX_ANSWER_TOKENS, default: 16 },
    temperature: { type: 'number', minimum: 0, maximum: 2, description: "The model's by default." },
    top_p: { type: 'number', minimum: 0, maximum: 1 },
    seed: { type: 'integer', description: 'Without one, the same request has the same answer.' },
    stop: TEXT_OR_TEXTS,
    logprobs: {
      type: 'integer',
      minimum: 0,
      maximum: MAX_TOP_LOGPROBS,
      description: 'So many of the likeliest at each step, before temperature and top_p.',
    },
    stream: { type: 'boolean' },
    stream_options: { type: 'object', properties: { include_usage: { type: 'boolean' } } },
  },
};

const REPLY = {
  type: 'object',
  description: "OpenAI's text_completion; x_salamandra of a choice says what it has no place for.",
  additionalProperties: true,
};

/** Documents a completion. */
export function ApiCompletions() {
  return applyDecorators(
    ApiBody({ schema: REQUEST as object }),
    ApiOkResponse({
      content: {
        'application/json': { schema: REPLY },
        'text/event-stream': { schema: { type: 'string' } },
      },
    }),
    ApiOpenAiErrors(),
  );
}

/** OpenAI's default for this endpoint; a chat's is longer. */
const DEFAULT_MAX_TOKENS = 16;

const UNSUPPORTED: readonly Unsupported[] = [
  {
    parameter: 'echo',
    isHarmless: (value) => value === false,
    rule: 'must be false: a completion is what follows the prompt.',
  },
  {
    parameter: 'suffix',
    isHarmless: (value) => value === '',
    rule: 'is not supported: the model writes forwards only.',
  },
  {
    parameter: 'best_of',
    isHarmless: (value) => value === 1,
    rule: 'must be 1: this service gives one answer to a request.',
  },
];

/** A checked request for completions. */
export interface CompletionRequest {
  /** One choice each. */
  readonly prompts: readonly string[];
  readonly settings: GenerationSettings;
  readonly reply: ReplyForm;
}

/**
 * Reads the body of a completion. Parameters that this service does not know are ignored; known ones that it cannot
 * honour are refused.
 *
 * @throws INVALID_REQUEST, INVALID_PARAMETER, NOT_FOUND for another model.
 */
export function parseCompletionRequest(value: unknown, model: ModelDescription): CompletionRequest {
  const body = readBody(value, model);
  rejectUnsupported(body, UNSUPPORTED);
  const asked = readSettings(body);
  const topLogprobs = readNumber(body['logprobs'], 'logprobs', {
    kind: 'integer',
    min: 0,
    max: MAX_TOP_LOGPROBS,
  });
  const maxTokens = asked.maxTokens ?? DEFAULT_MAX_TOKENS;
  const request = {
    prompts: parsePrompts(body),
    settings: resolveSettings({ ...asked, maxTokens, topLogprobs }, model.generation),
    reply: readReplyForm(body),
  };
  if (request.reply.kind === 'whole') checkReplyLength(request);
  return request;
}

function parsePrompts(body: JsonObject): readonly string[] {
  const { prompt } = body;
  if (isAbsent(prompt)) throw invalidParameter('prompt', 'is missing.');
  const prompts: readonly unknown[] = Array.isArray(prompt) ? prompt : [prompt];
  const isFit =
    prompts.length > 0 &&
    prompts.length <= MAX_QUESTIONS &&
    prompts.every(
      (text): text is string =>
        typeof text === 'string' && Buffer.byteLength(text) <= MAX_PROMPT_BYTES,
    );
  if (isFit) return prompts;
  throw invalidParameter(
    'prompt',
    `must be a text of up to ${MAX_PROMPT_BYTES} bytes, or a list of 1 to ${MAX_QUESTIONS} of them; token ids are not taken.`,
  );
}

/** @throws INVALID_PARAMETER when all probabilities together might not fit a reply that is sent at once. */
function checkReplyLength({ prompts, settings }: CompletionRequest): void {
  const { topLogprobs, maxTokens } = settings;
  if (topLogprobs === undefined) return;
  if (prompts.length * maxTokens * (1 + topLogprobs) <= MAX_REPLY_LOGPROBS) return;
  throw invalidParameter(
    'logprobs',
    'asks for so many probabilities that they come as a stream only.',
  );
}
