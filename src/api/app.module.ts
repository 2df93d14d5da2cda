import { tmpdir } from 'node:os';

import { type DynamicModule, Module } from '@nestjs/common';

import type { VisionLanguageEngine } from '../engine/vision-language-engine.js';
import type { MediaFetcher } from '../media/remote/media-fetcher.js';
import type { MediaInspector } from '../workers/media-inspector.js';
import { BodyReceiver } from './admission/body-receiver.js';
import { WorkQueue } from './admission/work-queue.js';
import {
  CALIBRATIONS,
  CHAT_BYTES,
  ENGINE,
  IMAGE_BYTES,
  JOBS,
  MEDIA_FETCHER,
  VIDEO_INSPECTOR,
} from './injection-tokens.js';
import { DiskQuota } from './media/disk-quota.js';
import type { JobService } from './jobs/job-service.js';
import { ExportController } from './jobs/export.js';
import { JobsController, WorkersController } from './jobs/jobs.js';
import { UploadsController } from './jobs/uploads/uploads.js';
import { JsonUpload } from './media/json-upload.js';
import { MediaFiles } from './media/media-files.js';
import { MediaResolver } from './media/media-resolver.js';
import { Metrics, MetricsController } from './observability/metrics.js';
import { ChatCompletionsController } from './openai/chat-completions.js';
import { BatchesController } from './openai/batches/batches.js';
import { CompletionsController } from './openai/completions.js';
import { FilesController } from './openai/files/files.js';
import { OllamaController } from './ollama/ollama.js';
import { ImportController } from './review/import.js';
import { ItemMediaController } from './review/item-media.js';
import { ReviewController } from './review/review.js';
import { AnswersController } from './routes/answers.js';
import { CaptionsController } from './routes/captions.js';
import { EstimateController, type FindCalibration } from './routes/estimate.js';
import { HealthController } from './routes/health.js';
import { LanguagesController } from './routes/languages.js';
import { MediaRequestHandler } from './routes/media-request.js';
import { ModelsController } from './routes/models.js';
import { ReceiptsController } from './routes/receipts.js';
import { SessionController } from './routes/session.js';
import { ThumbnailsController } from './routes/thumbnails.js';
import { VideosController } from './routes/videos.js';

/** The services that the API depends on. Their creator closes them. */
interface AppDependencies {
  readonly engine: VisionLanguageEngine;
  readonly videoInspector: MediaInspector;
  readonly mediaFetcher: MediaFetcher;
  readonly findCalibration: FindCalibration;
  readonly jobs: JobService;
  readonly metrics: Metrics;
  readonly imageBytes: number;
  readonly chatBytes: number;
  /** Of all temporary files. */
  readonly temporaryBytes: number;
}

@Module({})
export class AppModule {
  static of({
    engine,
    videoInspector,
    mediaFetcher,
    findCalibration,
    jobs,
    metrics,
    imageBytes,
    chatBytes,
    temporaryBytes,
  }: AppDependencies): DynamicModule {
    return {
      module: AppModule,
      providers: [
        { provide: ENGINE, useValue: engine },
        { provide: VIDEO_INSPECTOR, useValue: videoInspector },
        { provide: MEDIA_FETCHER, useValue: mediaFetcher },
        { provide: JOBS, useValue: jobs },
        { provide: Metrics, useValue: metrics },
        { provide: CALIBRATIONS, useValue: findCalibration },
        { provide: IMAGE_BYTES, useValue: imageBytes },
        { provide: CHAT_BYTES, useValue: chatBytes },
        { provide: BodyReceiver, useFactory: () => new BodyReceiver() },
        WorkQueue,
        { provide: DiskQuota, useFactory: () => new DiskQuota(temporaryBytes) },
        {
          provide: MediaFiles,
          inject: [DiskQuota],
          useFactory: (quota: DiskQuota) => new MediaFiles(tmpdir(), quota),
        },
        JsonUpload,
        MediaResolver,
        MediaRequestHandler,
      ],
      controllers: [
        CaptionsController,
        AnswersController,
        VideosController,
        ChatCompletionsController,
        CompletionsController,
        OllamaController,
        FilesController,
        BatchesController,
        EstimateController,
        ThumbnailsController,
        ReceiptsController,
        ModelsController,
        LanguagesController,
        HealthController,
        MetricsController,
        SessionController,
        JobsController,
        ReviewController,
        ItemMediaController,
        ImportController,
        ExportController,
        UploadsController,
        WorkersController,
      ],
    };
  }
}
