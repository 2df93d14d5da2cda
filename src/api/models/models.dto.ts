import { ApiProperty } from '@nestjs/swagger';

class ArchitectureDto {
  @ApiProperty() name!: string;
  @ApiProperty({ type: [String], example: ['text', 'image', 'video'] }) input_modalities!: string[];
  @ApiProperty({ type: [String], example: ['text'] }) output_modalities!: string[];
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
  @ApiProperty() licence!: string;
  @ApiProperty({ enum: ['int8', 'fp32'] }) precision!: string;
  @ApiProperty({ description: 'Tokens of media, text and answer together.' })
  context_length!: number;
}

export class ModelListDto {
  @ApiProperty({ enum: ['list'] }) object!: 'list';
  @ApiProperty({ type: [ModelDto] }) data!: ModelDto[];
}
