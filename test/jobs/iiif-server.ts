import { listIiif } from '../../src/jobs/sources/iiif/list-iiif.js';
import type { ListedEntry } from '../../src/jobs/sources/source.js';
import { admitServer, type MediaServer, startMediaServer } from '../http/media-server.js';

/** A document, a status, or the answers to successive requests. */
type Answer = object | number | (object | number)[];

export interface IiifServer {
  readonly server: MediaServer;
  /** Its URL, without a slash at the end. */
  readonly base: string;
  /** Publishes documents by path in place of all others. */
  publish(documents: Readonly<Record<string, Answer>>): void;
  list(path: string, after?: string): AsyncGenerator<ListedEntry>;
  close(): Promise<void>;
}

/** A IIIF server that the guard admits. */
export async function startIiifServer(): Promise<IiifServer> {
  let documents: Readonly<Record<string, Answer>> = {};
  const server = await startMediaServer((request, response) => {
    const found = documents[request.url ?? ''] ?? 404;
    const answer = isList(found) ? (found.shift() ?? 404) : found;
    if (typeof answer === 'number') response.writeHead(answer).end();
    else response.end(JSON.stringify(answer));
  });
  const base = `http://media.test:${server.port}`;
  return {
    server,
    base,
    publish(published) {
      documents = published;
    },
    list: (path, after) =>
      listIiif({ kind: 'iiif', url: base + path }, { policy: admitServer(server), after }),
    close: () => server.close(),
  };
}

function isList(answer: Answer): answer is (object | number)[] {
  return Array.isArray(answer);
}

/** A canvas of version 3 with one painted body. */
export function createCanvas(id: string, body: unknown): object {
  const annotation = { type: 'Annotation', motivation: 'painting', body };
  return { id, type: 'Canvas', items: [{ type: 'AnnotationPage', items: [annotation] }] };
}

/** An image of version 3. */
export function createImage(id: string, service?: object): object {
  return { id, type: 'Image', format: 'image/jpeg', ...(service && { service: [service] }) };
}
