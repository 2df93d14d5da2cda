import { EventEmitter } from 'node:events';

import type { Response } from 'express';

import { jest } from '@jest/globals';

import { createFakeEngine, type FakeEngine } from '../../../test/fakes/fake-engine.js';
import { MAX_REQUESTS, MAX_RUNNING_REQUESTS, NEWCOMER_PLACES } from '../../config/limits.js';
import { WorkQueue } from './work-queue.js';

const withCode = (code: string) => expect.objectContaining({ code }) as Error;

let engine: FakeEngine;
let queue: WorkQueue;
beforeEach(() => {
  engine = createFakeEngine();
  queue = new WorkQueue(engine);
});

/** Takes a place and returns the function that ends the response. */
function take(client = 'anna'): () => void {
  const response = new EventEmitter();
  queue.takePlace(client, response as unknown as Response);
  return () => void response.emit('close');
}

function takeAll(client: string, count: number): (() => void)[] {
  return Array.from({ length: count }, () => take(client));
}

describe('takePlace', () => {
  it('gives one client all common places, and another for each that it returns', () => {
    const [first] = takeAll('anna', MAX_REQUESTS);
    expect(() => take('anna')).toThrow(withCode('QUEUE_FULL'));

    first!();
    take('anna');
    expect(() => take('anna')).toThrow(withCode('QUEUE_FULL'));
  });

  it('keeps places for clients with less than an equal share', () => {
    takeAll('anna', MAX_REQUESTS);
    takeAll('bernat', NEWCOMER_PLACES);

    expect(() => take('bernat')).toThrow(withCode('QUEUE_FULL'));
    expect(() => take('anna')).toThrow(withCode('QUEUE_FULL'));
  });

  it('divides the places of newcomers among them', () => {
    takeAll('anna', MAX_REQUESTS);
    const clients = Array.from({ length: NEWCOMER_PLACES }, (_, index) => `client ${index}`);
    for (const client of clients) take(client);

    expect(() => take(clients[0])).toThrow(withCode('QUEUE_FULL'));
    expect(() => take('one more')).toThrow(withCode('QUEUE_FULL'));
  });

  it('tells how long the requests before it take', () => {
    const now = jest.spyOn(performance, 'now');
    now.mockReturnValue(0);
    const ends = takeAll('anna', MAX_REQUESTS);
    now.mockReturnValue(90_000);
    for (const end of ends) end();
    now.mockRestore();
    takeAll('anna', MAX_REQUESTS);

    let details: Record<string, unknown> | undefined;
    try {
      take('anna');
    } catch (error) {
      ({ details } = error as { details: Record<string, unknown> });
    }
    const seconds = details?.['retry_after_seconds'];
    // The mean of the durations is close to 90 s after 24 of them.
    expect(seconds).toBeGreaterThan((85 * MAX_REQUESTS) / MAX_RUNNING_REQUESTS);
    expect(seconds).toBeLessThanOrEqual(Math.ceil((90 * MAX_REQUESTS) / MAX_RUNNING_REQUESTS));
  });

  it.each([
    ['loading', { state: 'loading', progress: { step: 'verifying' } }, 'MODEL_NOT_READY'],
    ['closed', { state: 'closed' }, 'SHUTTING_DOWN'],
  ] as const)('rejects requests while the engine is %s, and counts none', (_, status, code) => {
    engine.nextStatus = status;
    for (let count = 0; count <= MAX_REQUESTS; count++)
      expect(() => take()).toThrow(withCode(code));

    engine.nextStatus = createFakeEngine().nextStatus;
    takeAll('anna', MAX_REQUESTS);
  });
});

describe('drain', () => {
  it('rejects new requests and waits until the last active one ends', async () => {
    const [first, second] = [take(), take()];
    let isDrained = false;
    const drained = queue.drain(60_000).then(() => (isDrained = true));

    expect(() => take()).toThrow(withCode('SHUTTING_DOWN'));
    first();
    await Promise.resolve();
    expect(isDrained).toBe(false);
    second();
    await drained;
  });

  it('waits no longer than it is told', async () => {
    take();
    const startMs = performance.now();
    await queue.drain(50);

    expect(performance.now() - startMs).toBeGreaterThanOrEqual(45);
  });
});
