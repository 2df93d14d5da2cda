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
import type { EngineRequest, VisionLanguageEngine } from '../../engine/vision-language-engine.js';
import { ENGINE } from '../injection-tokens.js';
import { checkChatModel } from '../request/loaded-model.js';
import { clientOf, ClientSignal } from '../request/client.js';
import { readyModel } from '../request/generation-fields.js';
import { MediaResolver } from '../media/media-resolver.js';
import { toChatChunks, presentChatCompletion } from './chat-response.js';
import { type CompletionFrame, createCompletionFrame } from './completion-frame.js';
import { checkJsonBody } from './request-body.js';
import { streamChunks } from './stream-chunks.js';
import { parseChatRequest, listMediaSources, toEngineRequest } from './chat-request.js';
import { MAX_ANSWER_TOKENS } from '../../config/limits.js';
import { ApiOpenAiErrors } from './errors.js';

@ApiTags('openai')
@Controller('v1/chat/completions')
export class ChatCompletionsController {
  constructor(
    @Inject(ENGINE) private readonly engine: VisionLanguageEngine,
    @Inject(MediaResolver) private readonly intake: MediaResolver,
  ) {}

  /** One turn of a conversation with pictures and clips, in the form of OpenAI's API. */
  @Post()
  @HttpCode(200)
  @ApiChatCompletions()
  async create(
    @Body() body: unknown,
    @ClientSignal() signal: AbortSignal,
    @Req() httpRequest: Request,
    @Res() response: Response,
  ): Promise<void> {
    checkJsonBody(httpRequest);
    const model = readyModel(this.engine);
    const chat = parseChatRequest(body, model);
    const sources = listMediaSources(chat.messages);
    checkChatModel(model, sources);
    const taken = await this.intake.resolve(sources, chat.sampling, signal);
    try {
      const request = { ...toEngineRequest(chat, taken.media), client: clientOf(httpRequest) };
      const frame = createCompletionFrame('chatcmpl', model);
      if (chat.reply.kind === 'whole') {
        response.json(await this.complete(request, frame, signal));
        return;
      }
      const events = this.engine.generate(request, signal);
      const chunks = toChatChunks(events, frame, request, chat.reply);
      await streamChunks({ request: httpRequest, response }, chunks);
    } finally {
      await taken.release();
    }
  }

  private async complete(request: EngineRequest, frame: CompletionFrame, signal: AbortSignal) {
    const outcome = await collectOutcome(this.engine, request, signal);
    const [answer] = outcome.answers;
    if (!answer) throw new Error('The engine gave no answer.');
    return presentChatCompletion(frame, answer, outcome, request);
  }
}

const TOKENS = { type: 'integer', minimum: 1, maximum: MAX_ANSWER_TOKENS };

const URL_OBJECT = {
  type: 'object',
  required: ['url'],
  properties: {
    url: { type: 'string', description: 'data: or, where the service allows it, http(s):.' },
    detail: { type: 'string', enum: ['low', 'auto', 'high'] },
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
        'Or the URL alone. The detail is that of the only picture; several have one tile each.',
    },
    video_url: { ...URL_OBJECT, description: 'Or the URL alone.' },
    input_video: {
      type: 'object',
      description: "llama.cpp's form: either base64 or a URL.",
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
      description: 'Pictures and clips stand in messages of the user.',
    },
  },
};

const REQUEST = {
  type: 'object',
  required: ['model', 'messages'],
  description: 'Fields that are not listed are ignored.',
  properties: {
    model: { type: 'string', example: 'visual-salamandra' },
    messages: { type: 'array', items: MESSAGE },
    max_completion_tokens: TOKENS,
    max_tokens: { ...TOKENS, description: 'Older name of max_completion_tokens.' },
    temperature: { type: 'number', minimum: 0, maximum: 2, description: "The model's by default." },
    top_p: { type: 'number', minimum: 0, maximum: 1 },
    seed: { type: 'integer', description: 'Without one, the same request has the same answer.' },
    stop: { oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
    logprobs: { type: 'boolean', description: 'Of the distribution before temperature and top_p.' },
    top_logprobs: { type: 'integer', minimum: 0, maximum: 20 },
    stream: { type: 'boolean' },
    stream_options: { type: 'object', properties: { include_usage: { type: 'boolean' } } },
    language: { type: 'string', description: 'Extension: asks for the answer in this language.' },
    media_options: {
      type: 'object',
      description: 'Extension: which frames of clips are looked at.',
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

const REPLY = {
  type: 'object',
  description: "OpenAI's chat.completion, with x_salamandra for what it has no place for.",
  additionalProperties: true,
};

/** Documents a chat completion. */
export function ApiChatCompletions() {
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
