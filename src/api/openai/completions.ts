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
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';

import {
  MAX_ANSWER_TOKENS,
  MAX_PROMPT_BYTES,
  MAX_QUESTIONS,
  MAX_REPLY_LOGPROBS,
  MAX_TOP_LOGPROBS,
} from '../../config/limits.js';
import type {
  GenerationSettings,
  ModelDescription,
  VisionLanguageEngine,
} from '../../engine/vision-language-engine.js';
import { ENGINE } from '../injection-tokens.js';
import { clientOf, ClientSignal } from '../admission/client.js';
import { TakesPlace } from '../admission/work-queue.js';
import { readyModel } from '../request/loaded-model.js';
import { sendOutcome } from '../response/send-outcome.js';
import { createCompletionHeader } from './completion-fields.js';
import { createCompletionsFormat } from './completions-response.js';
import { ApiOpenAiErrors } from './errors.js';
import { completeSettings, GENERATION_PARAMETERS, readSettings } from './generation-parameters.js';
import { GENERATION_PROPERTIES } from './generation-schema.js';
import { checkParameters, isOneOf, type LimitedParameter } from './known-parameters.js';
import {
  checkJsonBody,
  invalidParameter,
  isAbsent,
  type JsonObject,
  readBody,
  readNumber,
  readStreamOptions,
  type StreamOptions,
} from './request-body.js';

/** OpenAI's default of this endpoint. */
const DEFAULT_MAX_TOKENS = 16;

const LIMITED_PARAMETERS: readonly LimitedParameter[] = [
  {
    parameter: 'suffix',
    isNeutral: isOneOf(''),
    rule: 'is not supported: the model generates text after the prompt only.',
  },
  {
    parameter: 'add_special_tokens',
    isNeutral: isOneOf(true),
    rule: 'must be true: the tokenizer of the model decides.',
  },
];

const SUPPORTED_PARAMETERS: readonly string[] = [
  ...['model', 'prompt', 'logprobs', 'stream', 'stream_options'],
  ...GENERATION_PARAMETERS,
];

interface CompletionsRequest {
  /** One choice each. */
  readonly prompts: readonly string[];
  readonly settings: GenerationSettings;
  /** `null` if the response is one JSON object. */
  readonly stream: StreamOptions | null;
}

/**
 * Parses the body of a completion. A parameter that would have no effect is rejected; see `checkParameters`.
 *
 * @throws INVALID_REQUEST, INVALID_PARAMETER, NOT_FOUND for another model.
 */
function parseCompletionsRequest(value: unknown, model: ModelDescription): CompletionsRequest {
  const body = readBody(value, model);
  checkParameters(body, SUPPORTED_PARAMETERS, LIMITED_PARAMETERS);
  const requested = readSettings(body, model);
  const topLogprobs = readNumber(body['logprobs'], 'logprobs', {
    kind: 'integer',
    min: 0,
    max: MAX_TOP_LOGPROBS,
  });
  const maxTokens = requested.maxTokens ?? DEFAULT_MAX_TOKENS;
  const request = {
    prompts: parsePrompts(body),
    settings: completeSettings({ ...requested, maxTokens, topLogprobs }, model),
    stream: readStreamOptions(body),
  };
  if (request.stream === null) checkLogprobs(request);
  return request;
}

function parsePrompts(body: JsonObject): readonly string[] {
  const { prompt } = body;
  if (isAbsent(prompt)) throw invalidParameter('prompt', 'is missing.');
  const prompts: readonly unknown[] = Array.isArray(prompt) ? prompt : [prompt];
  const isValid =
    prompts.length > 0 &&
    prompts.length <= MAX_QUESTIONS &&
    prompts.every(
      (text): text is string =>
        typeof text === 'string' && Buffer.byteLength(text) <= MAX_PROMPT_BYTES,
    );
  if (isValid) return prompts;
  throw invalidParameter(
    'prompt',
    `must be a string of at most ${MAX_PROMPT_BYTES} bytes in UTF-8, or a list of 1 to ${MAX_QUESTIONS} of them. Token ids are not supported.`,
  );
}

/** @throws INVALID_PARAMETER if a JSON response could exceed MAX_REPLY_LOGPROBS log-probabilities. */
function checkLogprobs({ prompts, settings }: CompletionsRequest): void {
  const { topLogprobs, maxTokens } = settings;
  if (topLogprobs === undefined) return;
  const logprobs = prompts.length * maxTokens * (1 + topLogprobs);
  if (logprobs <= MAX_REPLY_LOGPROBS) return;
  throw invalidParameter(
    'logprobs',
    `requests up to ${logprobs} log-probabilities, limit ${MAX_REPLY_LOGPROBS} for one JSON response. Set "stream": true, or lower logprobs, max_tokens or the number of prompts.`,
  );
}

const STRING_OR_STRINGS = {
  oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
};

const REQUEST = {
  type: 'object',
  required: ['model', 'prompt'],
  description: 'A field that would have no effect is rejected.',
  properties: {
    model: { type: 'string', example: 'visual-salamandra' },
    prompt: {
      ...STRING_OR_STRINGS,
      description: `At most ${MAX_QUESTIONS} prompts, one choice each. Control tokens in a prompt are tokenized as plain text.`,
    },
    max_tokens: {
      type: 'integer',
      minimum: 1,
      maximum: MAX_ANSWER_TOKENS,
      default: DEFAULT_MAX_TOKENS,
    },
    ...GENERATION_PROPERTIES,
    logprobs: {
      type: 'integer',
      minimum: 0,
      maximum: MAX_TOP_LOGPROBS,
      description:
        'Adds log-probabilities of each token and of this number of most likely tokens, before temperature and top_p.',
    },
    stream: { type: 'boolean' },
    stream_options: { type: 'object', properties: { include_usage: { type: 'boolean' } } },
  },
};

const RESPONSE = {
  type: 'object',
  description: "OpenAI's text_completion. x_salamandra of each choice holds its timings.",
  additionalProperties: true,
};

@ApiTags('openai')
@Controller('v1/completions')
export class CompletionsController {
  constructor(@Inject(ENGINE) private readonly engine: VisionLanguageEngine) {}

  @Post()
  @HttpCode(200)
  @UseInterceptors(TakesPlace)
  @ApiOperation({
    summary: "Continue raw prompts (OpenAI's API)",
    description: 'Continues each prompt as it is, without a chat template and without media.',
  })
  @ApiBody({ schema: REQUEST as object })
  @ApiOkResponse({
    description: "OpenAI's text_completion, or its chunks as server-sent events.",
    content: {
      'application/json': { schema: RESPONSE },
      'text/event-stream': { schema: { type: 'string' } },
    },
  })
  @ApiOpenAiErrors()
  async create(
    @Body() body: unknown,
    @ClientSignal() signal: AbortSignal,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    checkJsonBody(request);
    const model = readyModel(this.engine);
    const { prompts, settings, stream } = parseCompletionsRequest(body, model);
    const conversations = prompts.map((rawText) => ({ rawText }));
    const client = clientOf(request);
    const work = { client, media: [], detail: 'auto', conversations, settings } as const;
    const header = createCompletionHeader('cmpl', model);
    const format = createCompletionsFormat(header, stream?.includeUsage ?? false);
    const events = this.engine.generate(work, signal);
    await sendOutcome({ request, response, signal }, events, format, stream !== null);
  }
}
