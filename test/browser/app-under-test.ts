import type { AddressInfo } from 'node:net';

import type { NestExpressApplication } from '@nestjs/platform-express';

import { createApp } from '../../src/api/server.js';
import { createFakeInspector, type FakeInspector } from '../fakes/fake-inspector.js';
import { LAN_NAME } from './chromium.js';
import { createWritingEngine, type WritingEngine } from './writing-engine.js';

/** The service in this process, over an engine that the test leads. */
export interface AppUnderTest {
  engine: WritingEngine;
  inspector: FakeInspector;
  url: string;
  /** Ends it as a crash would: connections break, and nobody listens. */
  stop(): Promise<void>;
  /** Listens again where it did. */
  restart(): Promise<void>;
}

/** A service for each test of a file. */
export function useApp(): AppUnderTest {
  let app: NestExpressApplication;
  const start = async (port: number) => {
    app = await createApp(under.engine, {
      hostRules: { host: '127.0.0.1', allowedHosts: [LAN_NAME] },
      videoInspector: under.inspector,
    });
    // Tests fail requests on purpose; what fails otherwise shows in the page's console.
    app.useLogger(false);
    await app.listen(port, '127.0.0.1');
    const address = app.getHttpServer().address() as AddressInfo;
    under.url = `http://127.0.0.1:${address.port}`;
  };
  const under: AppUnderTest = {
    engine: createWritingEngine(),
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
    under.engine = createWritingEngine();
    under.inspector = createFakeInspector();
    await start(0);
  });
  afterEach(() => under.stop());
  return under;
}
