import { type DynamicModule, Module } from '@nestjs/common';

import type { VideoInspector } from '../engine/video-inspector.js';
import type { VisionLanguageEngine } from '../engine/vision-language-engine.js';
import type { MediaFetcher } from '../fetching/media-fetcher.js';
import { AnswersController } from './answers/answers.controller.js';
import { CaptionsController } from './captions/captions.controller.js';
import { ChatCompletionsController } from './chat-completions/chat-completions.controller.js';
import { CompletionsController } from './completions/completions.controller.js';
import { CALIBRATIONS, ENGINE, MEDIA_FETCHER, VIDEO_INSPECTOR } from './engine-token.js';
import type { FindCalibration } from './estimate/calibrations.js';
import { EstimateController } from './estimate/estimate.controller.js';
import { HealthController } from './health/health.controller.js';
import { Admission } from './http/admission.js';
import { MediaFiles } from './http/media-files.js';
import { MediaIntake } from './http/media-intake.js';
import { LanguagesController } from './languages/languages.controller.js';
import { ModelsController } from './models/models.controller.js';
import { VideosController } from './videos/videos.controller.js';

/** What the service works with. Whoever made the parts closes them. */
export interface ServiceParts {
  readonly engine: VisionLanguageEngine;
  readonly videoInspector: VideoInspector;
  readonly mediaFetcher: MediaFetcher;
  readonly findCalibration: FindCalibration;
}

/** The whole service over its parts. */
@Module({})
export class AppModule {
  static of({
    engine,
    videoInspector,
    mediaFetcher,
    findCalibration,
  }: ServiceParts): DynamicModule {
    return {
      module: AppModule,
      providers: [
        { provide: ENGINE, useValue: engine },
        { provide: VIDEO_INSPECTOR, useValue: videoInspector },
        { provide: MEDIA_FETCHER, useValue: mediaFetcher },
        { provide: CALIBRATIONS, useValue: findCalibration },
        Admission,
        MediaFiles,
        MediaIntake,
      ],
      controllers: [
        CaptionsController,
        AnswersController,
        VideosController,
        ChatCompletionsController,
        CompletionsController,
        EstimateController,
        ModelsController,
        LanguagesController,
        HealthController,
      ],
    };
  }
}
