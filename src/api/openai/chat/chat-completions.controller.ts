import { Body, Controller, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';

import { collectOutcome } from '../../../engine/collect-outcome.js';
import type {
  EngineRequest,
  VisionLanguageEngine,
} from '../../../engine/vision-language-engine.js';
import { ENGINE } from '../../engine-token.js';
import { checkChatModel } from '../../request/check-chat-model.js';
import { clientOf } from '../../request/client-of.js';
import { ClientSignal } from '../../request/client-signal.js';
import { readyModel } from '../../request/engine-settings.js';
import { MediaResolver } from '../../media/media-resolver.js';
import { toChatChunks } from './chat-chunks.js';
import { type CompletionFrame, createCompletionFrame } from '../completion-frame.js';
import { checkJsonBody } from '../read-body.js';
import { streamChunks } from '../stream-chunks.js';
import { presentChatCompletion } from './chat-completion.presenter.js';
import { ApiChatCompletions } from './chat-completions.documentation.js';
import { parseChatRequest } from './parse-chat-request.js';
import { listMediaSources, toEngineRequest } from './to-engine-request.js';

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
