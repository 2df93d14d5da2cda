import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';

import { WorkQueue } from '../admission/work-queue.js';
import type { Plain } from '../response/media-response.js';
import { ApiProblems } from '../response/problem.js';

class HealthDto {
  @ApiProperty({ enum: ['ok'] }) status!: 'ok';
}

@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(private readonly queue: WorkQueue) {}

  @Get('live')
  @ApiOperation({
    summary: 'Check that the process responds',
    description: 'Liveness probe. 200 while the HTTP server runs, also without a usable model.',
  })
  @ApiOkResponse({ type: HealthDto })
  live(): Plain<HealthDto> {
    return { status: 'ok' };
  }

  @Get('ready')
  @ApiOperation({
    summary: 'Check that the model is ready',
    description:
      'Readiness probe. 503 while the model loads, if it cannot be loaded, and during shutdown; "code" names the case.',
  })
  @ApiOkResponse({ type: HealthDto })
  @ApiProblems()
  ready(): Plain<HealthDto> {
    this.queue.checkReady();
    return { status: 'ok' };
  }
}
