import { ApiProperty } from '@nestjs/swagger';

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
