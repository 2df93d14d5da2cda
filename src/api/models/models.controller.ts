import { Controller, Get, Inject } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';

import type { VisionLanguageEngine } from '../../engine/vision-language-engine.js';
import { ENGINE } from '../engine-token.js';
import { ApiProblems } from '../http/api-documentation.js';
import { readyModel } from '../http/engine-settings.js';

@ApiTags('models')
@Controller('v1/models')
export class ModelsController {
  private readonly created = Math.floor(Date.now() / 1000);

  constructor(@Inject(ENGINE) private readonly engine: VisionLanguageEngine) {}

  /** The model that answers, in the shape of OpenAI's list. */
  @Get()
  @ApiProblems()
  list() {
    const { id, name, architecture, revision, licence, precision, contextLength } = readyModel(
      this.engine,
    );
    const model = {
      id,
      object: 'model',
      created: this.created,
      owned_by: 'visual-salamandra',
      name,
      architecture: {
        name: architecture,
        input_modalities: ['text', 'image'],
        output_modalities: ['text'],
      },
      revision,
      licence,
      precision,
      context_length: contextLength,
    };
    return { object: 'list', data: [model] };
  }
}
