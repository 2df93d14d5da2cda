import { Inject, Injectable } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';

import { MAX_REQUESTS } from '../../config/limits.js';
import type { VisionLanguageEngine } from '../../engine/vision-language-engine.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { ENGINE } from '../injection-tokens.js';
import { readyModel, shuttingDown } from './loaded-model.js';

/**
 * Admits or rejects requests before their bodies are received, so that a rejected request takes no memory, and counts
 * the active ones for the shutdown.
 */
@Injectable()
export class RequestGate {
  private active = 0;
  private isDraining = false;
  private onIdle: (() => void) | undefined;

  constructor(@Inject(ENGINE) private readonly engine: VisionLanguageEngine) {}

  /** @throws SHUTTING_DOWN and the codes of `readyModel`. */
  checkReady(): void {
    if (this.isDraining) throw shuttingDown();
    readyModel(this.engine);
  }

  /** Express middleware for the routes that use the model or receive media. */
  readonly admit = (request: Request, response: Response, next: NextFunction): void => {
    if (request.method !== 'POST') {
      next();
      return;
    }
    this.checkReady();
    // A request counts from its headers on, since the media of its body take memory.
    if (this.active >= MAX_REQUESTS) {
      throw new SalamandraError(
        'QUEUE_FULL',
        `Too many requests: ${MAX_REQUESTS} are active or queued, which is the limit. Retry later.`,
      );
    }
    this.active += 1;
    response.once('close', () => {
      this.active -= 1;
      if (this.active === 0) this.onIdle?.();
    });
    next();
  };

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
}
