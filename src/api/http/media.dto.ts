import { ApiProperty } from '@nestjs/swagger';
import { IsString } from 'class-validator';

export class MediaDto {
  @ApiProperty({ description: 'The file in base64, without a data: prefix; 8 MB decoded at most.' })
  @IsString()
  base64!: string;
}
