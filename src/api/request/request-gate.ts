import { Injectable, Inject } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';

import { MAX_REQUESTS } from '../../config/limits.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import type { VisionLanguageEngine } from '../../engine/vision-language-engine.js';
import { ENGINE } from '../injection-tokens.js';

/**
 * Decides before a body is read whether work may begin, so that what cannot be served takes no memory, and
 * counts the work in progress for the shutdown.
 */
@Injectable()
export class RequestGate {
  private inProgress = 0;
  private draining = false;
  private onIdle: (() => void) | undefined;

  constructor(@Inject(ENGINE) private readonly engine: VisionLanguageEngine) {}

  /** @throws SHUTTING_DOWN, MODEL_NOT_READY and what makes the model unusable. */
  checkReady(): void {
    const status = this.engine.status();
    if (this.draining || status.state === 'closed') {
      throw new SalamandraError('SHUTTING_DOWN', 'The service is shutting down.');
    }
    if (status.state === 'failed') throw status.error;
    if (status.state === 'loading') {
      throw new SalamandraError('MODEL_NOT_READY', 'The model is still loading.', {
        details: { step: status.progress.step, progress: status.progress.fraction ?? 0 },
      });
    }
  }

  /** Express middleware for requests that make the model work. */
  readonly admit = (request: Request, response: Response, next: NextFunction): void => {
    if (request.method !== 'POST') {
      next();
      return;
    }
    this.checkReady();
    // What is still being received counts as well: its media take memory.
    if (this.inProgress >= MAX_REQUESTS) {
      throw new SalamandraError('QUEUE_FULL', 'Too many requests are waiting for the model.');
    }
    this.inProgress += 1;
    response.once('close', () => {
      this.inProgress -= 1;
      if (this.inProgress === 0) this.onIdle?.();
    });
    next();
  };

  /** Refuses new work and waits until what was admitted is answered, or the time is over. */
  async drain(timeoutMs: number): Promise<void> {
    this.draining = true;
    if (this.inProgress === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
