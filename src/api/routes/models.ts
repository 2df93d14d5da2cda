import { Controller, Get, Inject, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';

import type {
  ModelDescription,
  VisionLanguageEngine,
} from '../../engine/vision-language-engine.js';
import { ENGINE } from '../injection-tokens.js';
import { ApiOpenAiErrors } from '../openai/errors.js';
import { assertRequestedModel, readyModel } from '../request/loaded-model.js';
import type { Plain } from '../response/media-response.js';

class ArchitectureDto {
  @ApiProperty() name!: string;
  @ApiProperty({ type: [String], example: ['text', 'image', 'video'] }) input_modalities!: string[];
  @ApiProperty({ type: [String], example: ['text'] }) output_modalities!: string[];
}

class HubDto {
  @ApiProperty({ example: 'BSC-LT/salamandra-7b-vision' }) repository!: string;
  @ApiProperty({ description: 'Commit hash, 40 hex digits.' }) commit!: string;
}

/** The first four fields are OpenAI's. */
export class ModelDto {
  @ApiProperty() id!: string;
  @ApiProperty({ enum: ['model'] }) object!: 'model';
  @ApiProperty({ description: 'Start of the service, in Unix seconds.' })
  created!: number;
  @ApiProperty() owned_by!: string;
  @ApiProperty() name!: string;
  @ApiProperty({ type: ArchitectureDto }) architecture!: ArchitectureDto;
  @ApiProperty({ description: 'SHA-256 over the files of the checkpoint, in hex.' })
  revision!: string;
  @ApiProperty({
    type: HubDto,
    nullable: true,
    description: 'Source of the checkpoint; null if it was converted from a local folder.',
  })
  hub!: HubDto | null;
  @ApiProperty({ description: 'License of the checkpoint.' }) licence!: string;
  @ApiProperty({ enum: ['fp32', 'int8', 'mixed', 'int4'] }) precision!: string;
  @ApiProperty({
    type: [String],
    example: ['ca', 'en', 'es'],
    description: 'Languages that the model offers, as codes of GET /v1/languages.',
  })
  languages!: string[];
  @ApiProperty({ description: 'Context in tokens: visual tokens, text and generated tokens.' })
  context_length!: number;
  @ApiProperty({
    type: [String],
    example: ['/v1/chat/completions', '/v1/completions'],
    description:
      'OpenAI endpoints that the model supports. A base model has no chat template and supports /v1/completions only.',
  })
  endpoints!: string[];
}

export class ModelListDto {
  @ApiProperty({ enum: ['list'] }) object!: 'list';
  @ApiProperty({ type: [ModelDto] }) data!: ModelDto[];
}

@ApiTags('models')
@Controller('v1/models')
export class ModelsController {
  private readonly created = Math.floor(Date.now() / 1000);

  constructor(@Inject(ENGINE) private readonly engine: VisionLanguageEngine) {}

  @Get()
  @ApiOperation({
    summary: 'List the loaded model',
    description:
      "Returns OpenAI's list with one entry. While the model loads, or if it cannot be loaded, the status is 503 and the code is that of GET /health/ready.",
  })
  @ApiOkResponse({ type: ModelListDto })
  @ApiOpenAiErrors()
  list(): Plain<ModelListDto> {
    return { object: 'list', data: [this.toModelResponse(readyModel(this.engine))] };
  }

  @Get(':id')
  @ApiOperation({
    summary: 'Get the loaded model',
    description: 'Takes the id of the loaded model, or "visual-salamandra" for any loaded model.',
  })
  @ApiOkResponse({ type: ModelDto })
  @ApiOpenAiErrors()
  retrieve(@Param('id') id: string): Plain<ModelDto> {
    const model = readyModel(this.engine);
    assertRequestedModel(id, model);
    return this.toModelResponse(model);
  }

  private toModelResponse(model: ModelDescription): Plain<ModelDto> {
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
      languages: [...model.languages],
      context_length: contextLength,
      endpoints:
        model.prompts === 'raw' ? ['/v1/completions'] : ['/v1/chat/completions', '/v1/completions'],
    };
  }
}
