import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsNotEmpty, IsOptional, IsString, ValidateBy } from 'class-validator';

import { MAX_MEDIA_PER_REQUEST } from '../../config/limits.js';

export class MediaDto {
  @ApiPropertyOptional({
    description: 'The file in base64, without a data: prefix; 8 MB decoded at most.',
  })
  @IsOptional()
  @IsString()
  base64?: string;

  @ApiPropertyOptional({
    description:
      'Where the service fetches it from, http or https; off unless the operator allows it.',
  })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  url?: string;
}

/** Property decorator: one object, or a list of at most MAX_MEDIA. */
export function IsMediaOrList(): PropertyDecorator {
  return ValidateBy({
    name: 'isObject',
    validator: {
      validate: (value: unknown) =>
        typeof value === 'object' &&
        (!Array.isArray(value) || value.length <= MAX_MEDIA_PER_REQUEST),
      defaultMessage: (failure) =>
        `${failure?.property ?? 'media'} must be an object or a list of at most ${MAX_MEDIA_PER_REQUEST}`,
    },
  });
}
