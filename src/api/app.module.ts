import { type DynamicModule, Module } from '@nestjs/common';

import type { VisionLanguageEngine } from '../engine/vision-language-engine.js';
import { AnswersController } from './answers/answers.controller.js';
import { CaptionsController } from './captions/captions.controller.js';
import { ENGINE } from './engine-token.js';
import { HealthController } from './health/health.controller.js';
import { Admission } from './http/admission.js';
import { LanguagesController } from './languages/languages.controller.js';
import { ModelsController } from './models/models.controller.js';

/** The whole service over one engine. */
@Module({})
export class AppModule {
  static forEngine(engine: VisionLanguageEngine): DynamicModule {
    return {
      module: AppModule,
      providers: [{ provide: ENGINE, useValue: engine }, Admission],
      controllers: [
        CaptionsController,
        AnswersController,
        ModelsController,
        LanguagesController,
        HealthController,
      ],
    };
  }
}
