import { Body, Controller, HttpCode, Inject, Post, Req, UseInterceptors } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiExtraModels,
  ApiOkResponse,
  ApiOperation,
  ApiProperty,
  ApiTags,
} from '@nestjs/swagger';
import { IsObject } from 'class-validator';
import type { Request } from 'express';

import { MAX_MEDIA_PER_REQUEST } from '../../config/limits.js';
import { assertSupportsMedia } from '../../engine/input-modalities.js';
import { parseReceipt } from '../../engine/receipts/parse-receipt.js';
import type { Receipt } from '../../engine/receipts/receipt.js';
import {
  ANY_SAMPLING,
  hashReplayFile,
  isClip,
  REPLAY_OUTCOMES,
  type ReplayOutcome,
  replayReceipt,
} from '../../engine/receipts/replay.js';
import {
  checkSignature,
  SIGNATURE_STATES,
  type SignatureState,
} from '../../engine/receipts/signing-key.js';
import type { VisionLanguageEngine } from '../../engine/vision-language-engine.js';
import { ClientSignal, clientOf } from '../admission/client.js';
import { TakesPlace } from '../admission/work-queue.js';
import { ENGINE } from '../injection-tokens.js';
import { MediaDto, MediaField, resolveMedia } from '../media/media-fields.js';
import { MediaResolver, type MediaSource } from '../media/media-resolver.js';
import { MediaUpload, UploadedMedia } from '../media/media-upload.js';
import { readTemplateVariables } from '../openai/template-variables.js';
import { readyModel } from '../request/loaded-model.js';
import type { Plain } from '../response/media-response.js';
import { ApiProblems } from '../response/problem.js';
import { RECEIPT_SCHEMA } from '../response/receipt-response.js';
import { toFormSchema } from './media-request.js';

class ReplayRequestDto {
  @ApiProperty({ ...RECEIPT_SCHEMA, description: 'The receipt of a text. In a form: as JSON.' })
  @IsObject()
  receipt!: object;

  @MediaField(MediaDto, 'The images and videos of the receipt in its order, in a JSON body.')
  media?: MediaDto | MediaDto[];
}

class DifferenceDto {
  @ApiProperty({ example: 'machine.threads', description: 'Path in the receipt.' }) field!: string;
  @ApiProperty({ type: Object, nullable: true, description: 'Value of the receipt.' })
  receipt!: unknown;
  @ApiProperty({ type: Object, nullable: true, description: 'Value here; null if missing.' })
  here!: unknown;
}

class ReplayResponseDto {
  @ApiProperty({
    enum: REPLAY_OUTCOMES,
    description:
      'equal: the same text, byte for byte. different: another text. not_run: the model or a file is another one.',
  })
  outcome!: ReplayOutcome;
  @ApiProperty({
    enum: SIGNATURE_STATES,
    description: 'Whether the signature belongs to the fields of the receipt.',
  })
  signature!: SignatureState;
  @ApiProperty({
    type: [DifferenceDto],
    description: 'What is not as the receipt has it, also if the texts are equal.',
  })
  differences!: DifferenceDto[];
  @ApiProperty({ type: String, nullable: true, description: 'The text that was written.' })
  text!: string | null;
  @ApiProperty({ ...RECEIPT_SCHEMA, nullable: true, description: 'Its own receipt.' })
  receipt!: Receipt | null;
}

@ApiTags('receipts')
@ApiExtraModels(ReplayRequestDto, MediaDto)
@Controller('v1/receipts')
export class ReceiptsController {
  constructor(
    @Inject(ENGINE) private readonly engine: VisionLanguageEngine,
    private readonly resolver: MediaResolver,
  ) {}

  @Post('replay')
  @HttpCode(200)
  @UseInterceptors(MediaUpload(MAX_MEDIA_PER_REQUEST), TakesPlace)
  @ApiOperation({
    summary: 'Write the text of a receipt again',
    description:
      'Runs the request of a receipt on the same images and videos, compares the text byte for byte, and names what differs.',
  })
  @ApiConsumes('multipart/form-data', 'application/json')
  @ApiBody({ schema: toFormSchema(ReplayRequestDto, MAX_MEDIA_PER_REQUEST) })
  @ApiOkResponse({ type: ReplayResponseDto })
  @ApiProblems()
  async replay(
    @Body() body: ReplayRequestDto,
    @UploadedMedia() files: readonly MediaSource[],
    @ClientSignal() signal: AbortSignal,
    @Req() request: Request,
  ): Promise<Plain<ReplayResponseDto>> {
    const model = readyModel(this.engine);
    // As it was received: the validation removes members that are null, which the signature covers.
    const receipt = parseReceipt((request.body as ReplayRequestDto).receipt);
    if ('variables' in receipt.prompt) readTemplateVariables(receipt.prompt.variables);
    const sources = resolveMedia(files, body).map((source, index): MediaSource => ({
      ...source,
      animations: isClip(receipt, index) ? 'clip' : 'still',
    }));
    const client = clientOf(request);
    const { media, release } = await this.resolver.resolve(sources, ANY_SAMPLING, signal, client);
    try {
      assertSupportsMedia(
        media.map(({ kind }) => kind),
        model,
      );
      const hashed = await Promise.all(media.map((item) => hashReplayFile(item, signal)));
      const replay = await replayReceipt(receipt, hashed, this.engine, { client }, signal);
      const { outcome, differences, text } = replay;
      const signature = checkSignature(receipt);
      return { outcome, signature, differences: [...differences], text, receipt: replay.receipt };
    } finally {
      await release();
    }
  }
}
