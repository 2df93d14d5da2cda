import { type IncomingMessage, request } from 'node:http';

import { type ReadEvent, readEvents } from '../http/read-events.js';

/** An open event stream. */
export interface OpenStream {
  readonly reply: IncomingMessage;
  /** The text received so far. */
  text(): string;
  events(): ReadEvent[];
  /** Waits until the connection is closed by either side. */
  ended(): Promise<void>;
  leave(): void;
}

/** Posts JSON and accepts an event stream. */
export async function openStream(url: string, body: object): Promise<OpenStream> {
  const reply = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = { 'Content-Type': 'application/json', Accept: 'text/event-stream' };
    const call = request(url, { method: 'POST', headers }, resolve);
    call.on('error', reject);
    call.end(JSON.stringify(body));
  });
  let text = '';
  reply.setEncoding('utf8');
  reply.on('data', (chunk) => (text += String(chunk)));
  reply.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => reply.once('close', resolve));
  return {
    reply,
    text: () => text,
    events: () => readEvents(text.slice(0, text.lastIndexOf('\n\n') + 2)),
    ended: () => closed,
    leave: () => void reply.destroy(),
  };
}
