import type { AddressInfo } from 'node:net';

import type { NestExpressApplication } from '@nestjs/platform-express';
import OpenAI from 'openai';

/** OpenAI's client without retries. @param url with the version, `http://host/v1` */
export function createOpenAiClient(url: string): OpenAI {
  return new OpenAI({ baseURL: url, apiKey: 'none', maxRetries: 0 });
}

/** Starts the app and returns its base URL with the version, `http://host:port/v1`. */
export async function listenForOpenAi(app: NestExpressApplication): Promise<string> {
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  return `http://127.0.0.1:${port}/v1`;
}
