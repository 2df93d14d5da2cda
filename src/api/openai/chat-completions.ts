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

import { MAX_ANSWER_TOKENS, MAX_MEDIA_PER_REQUEST, MAX_TOP_LOGPROBS } from '../../config/limits.js';
import type { VisionLanguageEngine } from '../../engine/vision-language-engine.js';
import { ENGINE } from '../injection-tokens.js';
import { MediaResolver } from '../media/media-resolver.js';
import { clientOf, ClientSignal } from '../admission/client.js';
import { TakesPlace } from '../admission/work-queue.js';
import { sendOutcome } from '../response/send-outcome.js';
import { ApiOpenAiErrors } from './errors.js';
import { GENERATION_PROPERTIES } from './generation-schema.js';
import { checkJsonBody } from './request-body.js';
import { startChat } from './start-completion.js';
import { DETAILS } from '../../vision/plan-tiles.js';

const TOKEN_LIMIT = { type: 'integer', minimum: 1, maximum: MAX_ANSWER_TOKENS };

const URL_OBJECT = {
  type: 'object',
  required: ['url'],
  properties: {
    url: {
      type: 'string',
      description: 'data: URL, or http(s): URL if the operator sets SALAMANDRA_MEDIA_URLS.',
    },
    detail: { type: 'string', enum: [...DETAILS] },
  },
};

const PART = {
  type: 'object',
  required: ['type'],
  properties: {
    type: { type: 'string', enum: ['text', 'image_url', 'video_url', 'input_video'] },
    text: { type: 'string' },
    image_url: {
      ...URL_OBJECT,
      description:
        'An object, or the URL as a string. Several images have the highest "detail" among them; where the model gives each of several images one tile, it applies to a single image only.',
    },
    video_url: { ...URL_OBJECT, description: 'An object, or the URL as a string.' },
    input_video: {
      type: 'object',
      description: 'llama.cpp\'s form of a video: base64 in "data", or "url".',
      properties: { data: { type: 'string' }, url: { type: 'string' } },
    },
  },
};

const MESSAGE = {
  type: 'object',
  required: ['role', 'content'],
  properties: {
    role: { type: 'string', enum: ['system', 'developer', 'user', 'assistant'] },
    content: {
      oneOf: [{ type: 'string' }, { type: 'array', items: PART }],
      description: `Images and videos are for user messages only, at most ${MAX_MEDIA_PER_REQUEST} per request.`,
    },
  },
};

const REQUEST = {
  type: 'object',
  required: ['model', 'messages'],
  description: 'A field that would have no effect is rejected.',
  properties: {
    model: { type: 'string', example: 'visual-salamandra' },
    messages: { type: 'array', items: MESSAGE },
    max_completion_tokens: { ...TOKEN_LIMIT, description: 'Maximum number of generated tokens.' },
    max_tokens: { ...TOKEN_LIMIT, description: 'Older name of max_completion_tokens.' },
    ...GENERATION_PROPERTIES,
    logprobs: {
      type: 'boolean',
      description: 'Adds log-probabilities, taken before temperature and top_p.',
    },
    top_logprobs: { type: 'integer', minimum: 0, maximum: MAX_TOP_LOGPROBS },
    stream: { type: 'boolean' },
    stream_options: { type: 'object', properties: { include_usage: { type: 'boolean' } } },
    language: {
      type: 'string',
      description:
        'Extension: language of the answer, as a code of GET /v1/languages or a BCP 47 tag.',
    },
    media_options: {
      type: 'object',
      description:
        'Extension: which frames of videos are sampled. Same fields as POST /v1/answers.',
      properties: {
        num_frames: { type: 'integer', minimum: 1 },
        fps: { type: 'number' },
        start: { type: 'number', minimum: 0, description: 'Seconds.' },
        end: { type: 'number', description: 'Seconds.' },
        sampling: { type: 'string', enum: ['uniform', 'scene'] },
      },
    },
  },
};

const RESPONSE = {
  type: 'object',
  description: "OpenAI's chat.completion. x_salamandra holds the media report and the timings.",
  additionalProperties: true,
};

@ApiTags('openai')
@Controller('v1/chat/completions')
export class ChatCompletionsController {
  constructor(
    @Inject(ENGINE) private readonly engine: VisionLanguageEngine,
    @Inject(MediaResolver) private readonly resolver: MediaResolver,
  ) {}

  @Post()
  @HttpCode(200)
  @UseInterceptors(TakesPlace)
  @ApiOperation({
    summary: "Complete a chat with images and videos (OpenAI's API)",
    description:
      'Generates the next assistant message of a conversation. Requires a model with a chat template.',
  })
  @ApiBody({ schema: REQUEST as object })
  @ApiOkResponse({
    description: "OpenAI's chat.completion, or its chunks as server-sent events.",
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
    const client = clientOf(request);
    const context = { engine: this.engine, resolver: this.resolver, client, signal };
    const { events, format, isStream, release } = await startChat(body, context);
    try {
      await sendOutcome({ request, response, signal }, events, format, isStream);
    } finally {
      await release();
    }
  }
}
