import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { NextFunction, Request, Response } from 'express';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

import type {
  EngineEvent,
  EngineRequest,
  VisionLanguageEngine,
} from '../../engine/vision-language-engine.js';
import { type ErrorCode, SalamandraError } from '../../errors/salamandra-error.js';
import { ApiProblems } from '../response/problem.js';

/** From a health check to the captions of a long video. */
const DURATION_BUCKETS_SECONDS = [0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300];

/** The route of paths that the API does not document, so that clients cannot create labels. */
const OTHER_ROUTE = 'other';
/** The status of a response that its client left before the end. */
const ABORTED = 'aborted';

const MEDIA_CODES: ReadonlySet<ErrorCode> = new Set([
  'MEDIA_EMPTY',
  'MEDIA_CORRUPT',
  'MEDIA_TOO_LARGE',
  'MEDIA_TOO_EXPENSIVE',
  'NO_VIDEO_STREAM',
  'UNSUPPORTED_CODEC',
  'NO_DECODABLE_FRAME',
  'VIDEO_UNAVAILABLE',
  'MEDIA_URL_REJECTED',
  'MEDIA_FETCH_FAILED',
]);

/**
 * The metrics of a service in the format of Prometheus. Labels have bounded sets of values, and none names a client.
 */
export class Metrics {
  private readonly registry = new Registry();
  private readonly duration = new Histogram({
    name: 'salamandra_http_request_duration_seconds',
    help: 'Time from the headers of a request to the end of its response.',
    labelNames: ['method', 'route', 'status'],
    buckets: DURATION_BUCKETS_SECONDS,
    registers: [this.registry],
  });
  private readonly waiting = this.gauge(
    'salamandra_requests_waiting',
    'Requests to the model that were not admitted yet, those of jobs included.',
  );
  private readonly running = this.gauge(
    'salamandra_requests_running',
    'Requests that the model works on, those of jobs included.',
  );
  private readonly prefillTokens = this.counter(
    'salamandra_prefill_tokens_total',
    'Tokens of prompts that were computed.',
  );
  private readonly cachedTokens = this.counter(
    'salamandra_prefix_cache_hit_tokens_total',
    'Tokens of prompts that a cached or shared prefix supplied.',
  );
  private readonly decodeTokens = this.counter(
    'salamandra_decode_tokens_total',
    'Tokens of complete answers.',
  );
  private readonly mediaErrors = new Counter({
    name: 'salamandra_media_errors_total',
    help: 'Requests that failed because of their media, by error code.',
    labelNames: ['code'],
    registers: [this.registry],
  });
  /** An error passes the engine and the response; it counts once. */
  private readonly countedErrors = new WeakSet<SalamandraError>();
  private routes: readonly { readonly template: string; readonly pattern: RegExp }[] = [];

  /** Adds the memory, the processor time and the event loop of this process. Call it once. */
  addProcessMetrics(): void {
    collectDefaultMetrics({ register: this.registry });
  }

  /** @param templates paths of OpenAPI, such as `/v1/jobs/{id}`. */
  setRoutes(templates: readonly string[]): void {
    this.routes = templates.map((template) => ({ template, pattern: toPattern(template) }));
  }

  /** Express middleware: measures each request. It comes before every middleware that may refuse one. */
  readonly measureRequest = (request: Request, response: Response, next: NextFunction): void => {
    // A request handler may change the path of a router that is mounted below it.
    const { method, path } = request;
    const stop = this.duration.startTimer();
    response.once('close', () => {
      const status = response.writableFinished ? String(response.statusCode) : ABORTED;
      stop({ method, route: this.routeOf(path), status });
      this.countError(response.locals['error']);
    });
    next();
  };

  /** The same engine, whose requests and tokens are counted. */
  watchEngine(engine: VisionLanguageEngine): VisionLanguageEngine {
    return {
      status: () => engine.status(),
      describe: () => engine.describe(),
      close: () => engine.close(),
      generate: (request, signal, onStart) => this.count(engine, request, signal, onStart),
    };
  }

  render(): Promise<string> {
    return this.registry.metrics();
  }

  private async *count(
    engine: VisionLanguageEngine,
    request: EngineRequest,
    signal?: AbortSignal,
    onStart?: () => void,
  ): AsyncGenerator<EngineEvent> {
    let state = this.waiting;
    state.inc();
    const start = () => {
      state.dec();
      state = this.running;
      state.inc();
      onStart?.();
    };
    try {
      for await (const event of engine.generate(request, signal, start)) {
        if (event.type === 'answer') {
          const { promptTokens, cachedTokens, completionTokens } = event.usage;
          this.prefillTokens.inc(promptTokens - cachedTokens);
          this.cachedTokens.inc(cachedTokens);
          this.decodeTokens.inc(completionTokens);
        }
        yield event;
      }
    } catch (error) {
      this.countError(error);
      throw error;
    } finally {
      state.dec();
    }
  }

  private countError(error: unknown): void {
    if (!(error instanceof SalamandraError) || this.countedErrors.has(error)) return;
    this.countedErrors.add(error);
    if (MEDIA_CODES.has(error.code)) this.mediaErrors.inc({ code: error.code });
  }

  private routeOf(path: string): string {
    // A path without parameters is listed as itself, also where a template with a parameter matches it.
    const matching = this.routes.filter(({ pattern }) => pattern.test(path));
    const exact = matching.find(({ template }) => !template.includes('{'));
    return (exact ?? matching[0])?.template ?? OTHER_ROUTE;
  }

  private gauge(name: string, help: string): Gauge {
    return new Gauge({ name, help, registers: [this.registry] });
  }

  private counter(name: string, help: string): Counter {
    return new Counter({ name, help, registers: [this.registry] });
  }
}

/** The paths of a template, compared as the router does: without case, with or without a slash at the end. */
function toPattern(template: string): RegExp {
  const parts = template
    .split(/\{[^}]*\}/)
    .map((part) => part.replace(/[.*+?^$()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^/]+')}/?$`, 'i');
}

@ApiTags('health')
@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: Metrics) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  @Header('Content-Type', Registry.PROMETHEUS_CONTENT_TYPE)
  @ApiOperation({
    summary: 'Read the metrics of the service',
    description:
      'Text format of Prometheus. Requests by route, the queue, tokens, media errors and the process; nothing names a client. Once API keys exist, it needs one with the scope admin.',
  })
  @ApiProduces('text/plain')
  @ApiOkResponse({ description: 'Samples of all metrics.', schema: { type: 'string' } })
  @ApiProblems()
  read(): Promise<string> {
    return this.metrics.render();
  }
}
