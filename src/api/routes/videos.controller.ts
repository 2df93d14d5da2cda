import { randomUUID } from 'node:crypto';

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
import { ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';

import { MAX_VIDEO_CAPTIONS_TOKENS } from '../../config/limits.js';
import type { VideoInspector } from '../../workers/media-inspector.js';
import type {
  ModelDescription,
  RequestMedia,
  VisionLanguageEngine,
} from '../../engine/vision-language-engine.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { ENGINE, VIDEO_INSPECTOR } from '../engine-token.js';
import { ApiMediaRequest, ApiProblems } from '../response/api-documentation.js';
import { checkChatModel } from '../request/check-chat-model.js';
import { clientOf } from '../request/client-of.js';
import { ClientSignal } from '../request/client-signal.js';
import { toFrameSampling } from '../request/video-options.dto.js';
import { readyModel, toSettings } from '../request/engine-settings.js';
import { MediaResolver, type MediaSource } from '../media/media-resolver.js';
import { MediaUpload } from '../media/media-upload.interceptor.js';
import { chooseFormat } from '../response/response-format.js';
import { requestedLanguage, requestedLanguages } from '../request/requested-languages.js';
import { resolveOneMedia, UploadedMedia } from '../media/requested-media.js';
import { streamEvents } from '../response/send-outcome.js';
import { captionVideo, type VideoCaptionsTask } from '../../video-captions/caption-video.js';
import { type Granularity, planSegments } from '../../video-captions/plan-segments.js';
import {
  collectVideoCaptions,
  collectTrack,
  type VideoCaptionsStream,
  toVideoCaptionsMessages,
} from './video-captions-replies.js';
import { toGranularity, VideoCaptionsRequestDto } from './video-captions.dto.js';
import { toVideoResponse, VideoCaptionsReplyDto } from './video-captions.presenter.js';

@ApiTags('videos')
@Controller('v1/videos/captions')
export class VideosController {
  constructor(
    @Inject(ENGINE) private readonly engine: VisionLanguageEngine,
    @Inject(VIDEO_INSPECTOR) private readonly inspector: VideoInspector,
    private readonly intake: MediaResolver,
  ) {}

  /** What happens in a clip: as a whole, shot by shot or by the clock. Accept: text/vtt gives a WebVTT track. */
  @Post()
  @HttpCode(200)
  @UseInterceptors(MediaUpload(1))
  @ApiMediaRequest(VideoCaptionsRequestDto, VideoCaptionsReplyDto, {
    resultEvent: 'segment',
    files: 1,
    otherTypes: ['text/vtt'],
  })
  @ApiProblems()
  async create(
    @Body() body: VideoCaptionsRequestDto,
    @UploadedMedia() files: readonly MediaSource[],
    @ClientSignal() signal: AbortSignal,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const format = chooseFormat(request, body.stream, ['json', 'event-stream', 'vtt']);
    const source = resolveOneMedia(files, body.media);
    const asked = requestedLanguages(body.languages);
    // Only the language of the track is written: the others would be thrown away.
    const trackLanguage = body.language === undefined ? asked[0] : requestedLanguage(body.language);
    const languages = format === 'vtt' && trackLanguage ? [trackLanguage] : asked;
    const model = readyModel(this.engine);
    checkChatModel(model, [source]);
    const settings = toSettings(body, model);
    const sampling = toFrameSampling(body);
    const granularity = toGranularity(body);
    const taken = await this.intake.resolve([source], sampling, signal);
    try {
      const { path } = takeClip(taken.media);
      const isCollected = format !== 'event-stream';
      const client = clientOf(request);
      const task = { client, path, sampling, languages, settings, isCollected };
      const events = this.describe(task, granularity, model, signal);
      if (format === 'event-stream') {
        await streamEvents({ request, response }, toVideoCaptionsMessages(events));
      } else if (format === 'vtt' && trackLanguage) {
        const track = await collectTrack(events, trackLanguage);
        response.type('text/vtt; charset=utf-8').send(track);
      } else {
        response.json(await collectVideoCaptions(events));
      }
    } finally {
      await taken.release();
    }
  }

  private async *describe(
    task: Omit<VideoCaptionsTask, 'segments'> & { readonly isCollected: boolean },
    granularity: Granularity,
    model: ModelDescription,
    signal: AbortSignal,
  ): VideoCaptionsStream {
    const { path, sampling, languages, settings } = task;
    const outline = await this.inspector.inspect(path, signal);
    const video = { path, metadata: outline, range: sampling.range };
    const segments = await planSegments(video, granularity, this.inspector, signal);
    if (task.isCollected) checkLength(segments.length * languages.length * settings.maxTokens);
    const id = `vid_${randomUUID()}`;
    const media = toVideoResponse(outline);
    yield { type: 'head', head: { id, model: model.id, media, granularity: granularity.kind } };
    yield* captionVideo(this.engine, { ...task, segments }, signal);
  }
}

/** @throws UNSUPPORTED_MEDIA_TYPE for a picture. */
function takeClip(media: readonly RequestMedia[]): Extract<RequestMedia, { kind: 'video' }> {
  const [clip] = media;
  if (clip?.kind === 'video') return clip;
  throw new SalamandraError(
    'UNSUPPORTED_MEDIA_TYPE',
    'The file is not a clip; pictures go to /v1/captions.',
  );
}

/** @throws INVALID_PARAMETER when all texts together might not fit a reply that is sent at once. */
function checkLength(tokens: number): void {
  if (tokens <= MAX_VIDEO_CAPTIONS_TOKENS) return;
  throw new SalamandraError(
    'INVALID_PARAMETER',
    'So many texts come as an event stream only; or ask for fewer segments, languages or tokens.',
    { details: { tokens, max_tokens: MAX_VIDEO_CAPTIONS_TOKENS } },
  );
}
