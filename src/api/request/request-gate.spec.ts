import { EventEmitter } from 'node:events';

import type { Request, Response } from 'express';

import { createFakeEngine, type FakeEngine } from '../../../test/fakes/fake-engine.js';
import { MAX_REQUESTS } from '../../config/limits.js';
import { RequestGate } from './request-gate.js';

const withCode = (code: string) => expect.objectContaining({ code }) as Error;

let engine: FakeEngine;
let gate: RequestGate;
beforeEach(() => {
  engine = createFakeEngine();
  gate = new RequestGate(engine);
});

/** Sends a request through the gate; `close` ends its response. */
function send(method = 'POST') {
  const response = new EventEmitter();
  let isAdmitted = false;
  gate.admit(
    { method } as unknown as Request,
    response as unknown as Response,
    () => (isAdmitted = true),
  );
  return { isAdmitted, close: () => void response.emit('close') };
}

describe('admit', () => {
  it('admits as many requests as may be active, and another for each that ends', () => {
    const active = Array.from({ length: MAX_REQUESTS }, () => send());
    expect(active.every(({ isAdmitted }) => isAdmitted)).toBe(true);
    expect(() => send()).toThrow(withCode('QUEUE_FULL'));

    active[0]!.close();
    expect(send().isAdmitted).toBe(true);
    expect(() => send()).toThrow(withCode('QUEUE_FULL'));
  });

  it('counts requests that are not POST neither against the limit nor for a shutdown', async () => {
    for (let count = 0; count <= MAX_REQUESTS; count++) expect(send('GET').isAdmitted).toBe(true);

    expect(send().isAdmitted).toBe(true);
    gate = new RequestGate(engine);
    send('GET');
    await gate.drain(60_000);
  });

  it.each([
    ['loading', { state: 'loading', progress: { step: 'verifying' } }, 'MODEL_NOT_READY'],
    ['closed', { state: 'closed' }, 'SHUTTING_DOWN'],
  ] as const)(
    'rejects requests while the engine is %s, and does not count them',
    (_, status, code) => {
      engine.nextStatus = status;
      for (let count = 0; count <= MAX_REQUESTS; count++)
        expect(() => send()).toThrow(withCode(code));

      engine.nextStatus = createFakeEngine().nextStatus;
      expect(send().isAdmitted).toBe(true);
    },
  );
});

describe('drain', () => {
  it('rejects new requests and waits until the last active one ends', async () => {
    const [first, second] = [send(), send()];
    let isDrained = false;
    const drained = gate.drain(60_000).then(() => (isDrained = true));

    expect(() => send()).toThrow(withCode('SHUTTING_DOWN'));
    first.close();
    await Promise.resolve();
    expect(isDrained).toBe(false);
    second.close();
    await drained;
  });

  it('waits no longer than it is told', async () => {
    send();
    const startMs = performance.now();
    await gate.drain(50);

    expect(performance.now() - startMs).toBeGreaterThanOrEqual(45);
  });
});
