import {
  Body,
  Controller,
  Get,
  HttpCode,
  Inject,
  Post,
  Req,
  Res,
  UseInterceptors,
} from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';

import { readVersion } from '../../config/version.js';
import type {
  ModelDescription,
  VisionLanguageEngine,
} from '../../engine/vision-language-engine.js';
import { clientOf, ClientSignal } from '../admission/client.js';
import { TakesPlace } from '../admission/work-queue.js';
import { ENGINE } from '../injection-tokens.js';
import { MediaResolver } from '../media/media-resolver.js';
import { checkJsonBody } from '../openai/request-body.js';
import { startChat } from '../openai/start-completion.js';
import { readyModel } from '../request/loaded-model.js';
import { type Exchange, sendOutcome } from '../response/send-outcome.js';
import {
  type OllamaRequest,
  parseOllamaChat,
  parseOllamaGenerate,
  parseOllamaModel,
} from './ollama-request.js';
import {
  createOllamaFormat,
  toChatText,
  toGeneratedText,
  toLoadReply,
  toModelFacts,
  toRunning,
  toTag,
  type ToText,
} from './ollama-response.js';

const OBJECT = { type: 'object', additionalProperties: true } as const;
const REPLY = { description: "Ollama's reply: JSON, or a JSON object per line.", schema: OBJECT };

/** How the two routes that write text differ. */
interface CompletionForm {
  readonly parse: (body: unknown, model: ModelDescription) => OllamaRequest;
  readonly toText: ToText;
}

const CHAT: CompletionForm = { parse: parseOllamaChat, toText: toChatText };
const GENERATE: CompletionForm = { parse: parseOllamaGenerate, toText: toGeneratedText };

/** The part of Ollama's API that its clients need to list models and to ask about images. */
@ApiTags('ollama')
@Controller('api')
export class OllamaController {
  private readonly since = new Date().toISOString();

  constructor(
    @Inject(ENGINE) private readonly engine: VisionLanguageEngine,
    @Inject(MediaResolver) private readonly resolver: MediaResolver,
  ) {}

  @Get('version')
  @ApiOperation({
    summary: "Get the version (Ollama's API)",
    description: 'Returns the version of this service, not of Ollama.',
  })
  @ApiOkResponse(REPLY)
  version(): object {
    return { version: readVersion() };
  }

  @Get('tags')
  @ApiOperation({
    summary: "List the loaded model (Ollama's API)",
    description: 'Returns one entry, whose name ends with ":latest".',
  })
  @ApiOkResponse(REPLY)
  tags(): object {
    return { models: [toTag(readyModel(this.engine), this.since)] };
  }

  @Get('ps')
  @ApiOperation({
    summary: "List the model in memory (Ollama's API)",
    description: 'Returns the loaded model, or no entry while it loads.',
  })
  @ApiOkResponse(REPLY)
  ps(): object {
    const status = this.engine.status();
    return { models: status.state === 'ready' ? [toRunning(status.model, this.since)] : [] };
  }

  @Post('show')
  @HttpCode(200)
  @ApiOperation({
    summary: "Describe the loaded model (Ollama's API)",
    description: 'Takes the name of the loaded model, with or without ":latest".',
  })
  @ApiBody({ schema: OBJECT })
  @ApiOkResponse(REPLY)
  show(@Body() body: unknown, @Req() request: Request): object {
    checkJsonBody(request);
    const model = readyModel(this.engine);
    parseOllamaModel(body, model);
    return toModelFacts(model, this.since);
  }

  @Post('chat')
  @HttpCode(200)
  @UseInterceptors(TakesPlace)
  @ApiOperation({
    summary: "Complete a chat with images (Ollama's API)",
    description: 'Streams a JSON object per line, unless "stream" is false.',
  })
  @ApiBody({ schema: OBJECT })
  @ApiOkResponse(REPLY)
  async chat(
    @Body() body: unknown,
    @ClientSignal() signal: AbortSignal,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    await this.complete(CHAT, body, { request, response, signal });
  }

  @Post('generate')
  @HttpCode(200)
  @UseInterceptors(TakesPlace)
  @ApiOperation({
    summary: "Answer a prompt about images (Ollama's API)",
    description: 'Streams a JSON object per line, unless "stream" is false.',
  })
  @ApiBody({ schema: OBJECT })
  @ApiOkResponse(REPLY)
  async generate(
    @Body() body: unknown,
    @ClientSignal() signal: AbortSignal,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    await this.complete(GENERATE, body, { request, response, signal });
  }

  private async complete(
    { parse, toText }: CompletionForm,
    body: unknown,
    exchange: Exchange,
  ): Promise<void> {
    const { request, response, signal } = exchange;
    checkJsonBody(request);
    const { model, chat, isStream } = parse(body, readyModel(this.engine));
    if (!chat) {
      response.json(toLoadReply(model, toText));
      return;
    }
    const { engine, resolver } = this;
    const context = { engine, resolver, client: clientOf(request), signal };
    const completion = await startChat(chat, context, () => createOllamaFormat(model, toText));
    try {
      await sendOutcome(exchange, completion.events, completion.format, isStream);
    } finally {
      await completion.release();
    }
  }
}
