import { Controller, Get, Inject, Param } from '@nestjs/common';
import { ApiOkResponse, ApiTags, ApiProperty } from '@nestjs/swagger';
import type {
  ModelDescription,
  VisionLanguageEngine,
} from '../../engine/vision-language-engine.js';
import { ENGINE } from '../injection-tokens.js';
import { ApiOpenAiErrors } from '../openai/errors.js';
import { readyModel } from '../request/generation-fields.js';
import type { Plain } from '../response/media-response.js';
import { checkRequestedModel } from '../request/loaded-model.js';

class ArchitectureDto {
  @ApiProperty() name!: string;
  @ApiProperty({ type: [String], example: ['text', 'image', 'video'] }) input_modalities!: string[];
  @ApiProperty({ type: [String], example: ['text'] }) output_modalities!: string[];
}

class HubDto {
  @ApiProperty({ example: 'BSC-LT/salamandra-7b-vision' }) repository!: string;
  @ApiProperty({ description: '40 digits of hex.' }) commit!: string;
}

/** The first four fields are OpenAI's. */
export class ModelDto {
  @ApiProperty() id!: string;
  @ApiProperty({ enum: ['model'] }) object!: 'model';
  @ApiProperty({ description: 'When the service started, in seconds since 1970.' })
  created!: number;
  @ApiProperty() owned_by!: string;
  @ApiProperty() name!: string;
  @ApiProperty({ type: ArchitectureDto }) architecture!: ArchitectureDto;
  @ApiProperty({ description: "SHA-256 over the checkpoint's files, in hex." }) revision!: string;
  @ApiProperty({
    type: HubDto,
    nullable: true,
    description: 'Where the checkpoint was fetched; null: it was a folder.',
  })
  hub!: HubDto | null;
  @ApiProperty() licence!: string;
  @ApiProperty({ enum: ['fp32', 'int8', 'mixed', 'int4'] }) precision!: string;
  @ApiProperty({ description: 'Tokens of media, text and answer together.' })
  context_length!: number;
  @ApiProperty({
    type: [String],
    example: ['/v1/chat/completions', '/v1/completions'],
    description: 'A base model goes on with texts and answers no messages.',
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
