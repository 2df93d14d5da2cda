import {
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import type { Observable } from 'rxjs';

import { MAX_REQUESTS, MAX_RUNNING_REQUESTS, NEWCOMER_PLACES } from '../../config/limits.js';
import type { VisionLanguageEngine } from '../../engine/vision-language-engine.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { ENGINE } from '../injection-tokens.js';
import { readyModel, shuttingDown } from '../request/loaded-model.js';
import { clientOf } from './client.js';

/** Seconds. The wait that a client is told is at least and at most this long. */
const MIN_RETRY_SECONDS = 1;
const MAX_RETRY_SECONDS = 300;
/** The weight of the newest request in the mean duration. */
const NEWEST_WEIGHT = 0.2;

/**
 * The places of work: one for each request that waits for the model or uses it, from the end of its body to the end of
 * its response. It is the only bound on the number of requests, and shares the places among clients: MAX_REQUESTS are
 * free to anyone, NEWCOMER_PLACES more only to clients with less than an equal share. The engine serves the waiting
 * requests client by client (`FairQueue`).
 */
@Injectable()
export class WorkQueue {
  private readonly places = new Map<string, number>();
  private active = 0;
  private meanSeconds = 1;
  private isDraining = false;
  private onIdle: (() => void) | undefined;

  constructor(@Inject(ENGINE) private readonly engine: VisionLanguageEngine) {}

  /** @throws SHUTTING_DOWN and the codes of `readyModel`. */
  checkReady(): void {
    if (this.isDraining) throw shuttingDown();
    readyModel(this.engine);
  }

  /**
   * Express middleware at the headers of a request: one that would get no place is rejected before its body is sent.
   *
   * @throws the codes of `takePlace`.
   */
  readonly checkRoom = (request: Request, _response: Response, next: NextFunction): void => {
    if (request.method === 'POST') this.checkPlace(clientOf(request));
    next();
  };

  /**
   * Takes a place until the response closes.
   *
   * @throws QUEUE_FULL with `retry_after_seconds` if no place is free for this client, and the codes of `checkReady`.
   */
  takePlace(client: string, response: Pick<Response, 'once'>): void {
    this.checkPlace(client);
    this.places.set(client, (this.places.get(client) ?? 0) + 1);
    this.active += 1;
    const startMs = performance.now();
    response.once('close', () => {
      const left = (this.places.get(client) ?? 1) - 1;
      if (left > 0) this.places.set(client, left);
      else this.places.delete(client);
      this.active -= 1;
      const seconds = (performance.now() - startMs) / 1e3;
      this.meanSeconds += NEWEST_WEIGHT * (seconds - this.meanSeconds);
      if (this.active === 0) this.onIdle?.();
    });
  }

  /** Rejects new requests and waits until the active ones are complete, at most `timeoutMs`. */
  async drain(timeoutMs: number): Promise<void> {
    this.isDraining = true;
    if (this.active === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private checkPlace(client: string): void {
    this.checkReady();
    const own = this.places.get(client) ?? 0;
    if (this.active < MAX_REQUESTS) return;
    const total = MAX_REQUESTS + NEWCOMER_PLACES;
    // A lone client shares with the one that may come.
    const clients = Math.max(2, this.places.size + (this.places.has(client) ? 0 : 1));
    if (this.active < total && own < Math.max(1, Math.floor(total / clients))) return;
    throw this.queueFull(own);
  }

  /** The wait is the time in which the engine serves the requests that are here now. */
  private queueFull(own: number): SalamandraError {
    const wait = (this.meanSeconds * this.active) / MAX_RUNNING_REQUESTS;
    const seconds = Math.ceil(Math.min(Math.max(wait, MIN_RETRY_SECONDS), MAX_RETRY_SECONDS));
    return new SalamandraError(
      'QUEUE_FULL',
      `${this.active} requests are running or waiting, ${own} of them from this client. Retry in ${seconds} s.`,
      { details: { retry_after_seconds: seconds, limit: MAX_REQUESTS } },
    );
  }
}

/** Interceptor of the routes that use the model or decode media: takes a place once the body is received. */
@Injectable()
export class TakesPlace implements NestInterceptor {
  constructor(private readonly queue: WorkQueue) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    this.queue.takePlace(clientOf(http.getRequest<Request>()), http.getResponse<Response>());
    return next.handle();
  }
}
