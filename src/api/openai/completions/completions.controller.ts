import { Body, Controller, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';

import { collectOutcome } from '../../../engine/collect-outcome.js';
import type { VisionLanguageEngine } from '../../../engine/vision-language-engine.js';
import { ENGINE } from '../../engine-token.js';
import { clientOf } from '../../request/client-of.js';
import { ClientSignal } from '../../request/client-signal.js';
import { readyModel } from '../../request/engine-settings.js';
import { createCompletionFrame } from '../completion-frame.js';
import { checkJsonBody } from '../read-body.js';
import { streamChunks } from '../stream-chunks.js';
import { toCompletionChunks } from './completion-chunks.js';
import { presentCompletion } from './completion.presenter.js';
import { ApiCompletions } from './completions.documentation.js';
import { parseCompletionRequest } from './parse-completion-request.js';

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
