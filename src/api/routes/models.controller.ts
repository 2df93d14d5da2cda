import { Controller, Get, Inject, Param } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';

import type {
  ModelDescription,
  VisionLanguageEngine,
} from '../../engine/vision-language-engine.js';
import { ENGINE } from '../engine-token.js';
import { ApiOpenAiErrors } from '../openai/api-openai-errors.js';
import { readyModel } from '../request/engine-settings.js';
import type { Plain } from '../response/media-response.js';
import { ModelDto, ModelListDto } from './models.dto.js';
import { checkRequestedModel } from './requested-model.js';

@ApiTags('models')
@Controller('v1/models')
export class ModelsController {
  private readonly created = Math.floor(Date.now() / 1000);

  constructor(@Inject(ENGINE) private readonly engine: VisionLanguageEngine) {}

  /** The model that answers, in the shape of OpenAI's list. */
  @Get()
  @ApiOkResponse({ type: ModelListDto })
  @ApiOpenAiErrors()
  list(): Plain<ModelListDto> {
    return { object: 'list', data: [this.present(readyModel(this.engine))] };
  }

  /** The model by its id, or by the name `visual-salamandra`. */
  @Get(':id')
  @ApiOkResponse({ type: ModelDto })
  @ApiOpenAiErrors()
  retrieve(@Param('id') id: string): Plain<ModelDto> {
    const model = readyModel(this.engine);
    checkRequestedModel(id, model);
    return this.present(model);
  }

  private present(model: ModelDescription): Plain<ModelDto> {
    const { id, name, architecture, revision, licence, hub, precision, contextLength } = model;
    return {
      id,
      object: 'model',
      created: this.created,
      owned_by: 'visual-salamandra',
      name,
      architecture: {
        name: architecture,
        input_modalities: [...model.inputModalities],
        output_modalities: ['text'],
      },
      revision,
      hub,
      licence,
      precision,
      context_length: contextLength,
      endpoints:
        model.prompts === 'raw' ? ['/v1/completions'] : ['/v1/chat/completions', '/v1/completions'],
    };
  }
}
