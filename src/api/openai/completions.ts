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

import { MAX_ANSWER_TOKENS, MAX_QUESTIONS, MAX_TOP_LOGPROBS } from '../../config/limits.js';
import type { VisionLanguageEngine } from '../../engine/vision-language-engine.js';
import { ENGINE } from '../injection-tokens.js';
import { clientOf, ClientSignal } from '../admission/client.js';
import { TakesPlace } from '../admission/work-queue.js';
import { sendOutcome } from '../response/send-outcome.js';
import { DEFAULT_MAX_TOKENS } from './completions-request.js';
import { ApiOpenAiErrors } from './errors.js';
import { GENERATION_PROPERTIES } from './generation-schema.js';
import { checkJsonBody } from './request-body.js';
import { startCompletion } from './start-completion.js';

const TOKEN_IDS = { type: 'array', items: { type: 'integer', minimum: 0 } };

const PROMPTS = {
  oneOf: [
    { type: 'string' },
    TOKEN_IDS,
    { type: 'array', items: { type: 'string' } },
    { type: 'array', items: TOKEN_IDS },
  ],
};

const REQUEST = {
  type: 'object',
  required: ['model', 'prompt'],
  description: 'A field that would have no effect is rejected.',
  properties: {
    model: { type: 'string', example: 'visual-salamandra' },
    prompt: {
      ...PROMPTS,
      description: `Texts or token ids, at most ${MAX_QUESTIONS} prompts, one choice each. Control tokens in a text are tokenized as plain text; token ids are used as they are.`,
    },
    max_tokens: {
      type: 'integer',
      minimum: 0,
      description: '0 only together with "echo".',
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
    echo: {
      type: 'boolean',
      description:
        'Puts the prompt before the text. With "logprobs" its tokens are scored, one decode step each. Not with "stream".',
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
    const context = { engine: this.engine, client: clientOf(request), signal };
    const { events, format, isStream } = startCompletion(body, context);
    await sendOutcome({ request, response, signal }, events, format, isStream);
  }
}
