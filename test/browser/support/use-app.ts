import type { AddressInfo } from 'node:net';

import type { NestExpressApplication } from '@nestjs/platform-express';

import { createApp } from '../../../src/api/server.js';
import { createFakeInspector, type FakeInspector } from '../../fakes/fake-inspector.js';
import { LAN_NAME } from './launch-chromium.js';
import { createStreamingEngine, type StreamingEngine } from './streaming-engine.js';

/** The HTTP service in the test process, with a fake engine that the test controls. */
export interface AppUnderTest {
  engine: StreamingEngine;
  inspector: FakeInspector;
  url: string;
  /** Stops the service like a crash: open connections break. */
  stop(): Promise<void>;
  /** Starts the service again on the same port. */
  restart(): Promise<void>;
}

/** Starts a service before each test and stops it afterwards. */
export function useApp(): AppUnderTest {
  let app: NestExpressApplication;
  const start = async (port: number) => {
    app = await createApp(under.engine, {
      hostRules: { host: '127.0.0.1', allowedHosts: [LAN_NAME] },
      videoInspector: under.inspector,
    });
    // Tests cause failing requests on purpose. Other failures appear in the console of the page.
    app.useLogger(false);
    await app.listen(port, '127.0.0.1');
    const address = app.getHttpServer().address() as AddressInfo;
    under.url = `http://127.0.0.1:${address.port}`;
  };
  const under: AppUnderTest = {
    engine: createStreamingEngine(),
    inspector: createFakeInspector(),
    url: '',
    async stop() {
      const closed = app.close();
      app.getHttpServer().closeAllConnections();
      await closed;
    },
    restart: () => start(Number(new URL(under.url).port)),
  };
  beforeEach(async () => {
    under.engine = createStreamingEngine();
    under.inspector = createFakeInspector();
    await start(0);
  });
  afterEach(() => under.stop());
  return under;
}
