import {
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
  createServer,
} from 'node:http';
import type { AddressInfo } from 'node:net';

import { type FileHashes, hashFiles } from './file-hashes.js';
import { type FaultRule, type HubFault, type HubPlace, createFaultPlan } from './hub-faults.js';
import { type HubRepository, describeRepository, listPage } from './hub-listing.js';
import { type Pace, sendFile } from './send-file.js';
import type { SyntheticFile } from './synthetic-checkpoint.js';

/** A request to the fake hub. */
export interface HubRequest {
  readonly place: HubPlace;
  /** The path of the file, or of the API. */
  readonly name: string;
  readonly method: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

export interface FakeHub {
  /** The value for HF_ENDPOINT. */
  readonly url: string;
  /** The commit of every repository, to which `main` resolves. */
  readonly commit: string;
  readonly requests: readonly HubRequest[];
  /** Sent body bytes by file. */
  readonly sent: ReadonlyMap<string, number>;
  readonly pace: Pace;
  addFault(rule: FaultRule): void;
  /** Removes all faults. */
  forgetFaults(): void;
  /** Closes both servers and all connections. */
  close(): Promise<void>;
}

/** A token with access to gated repositories, and a valid one without. */
export const GRANTED_TOKEN = 'hf_granted';
export const KNOWN_TOKEN = 'hf_known';

const COMMIT = '5a1a3a9d0c4be2f1d7e6b8094c5d2e1f3a7b9c80';
const REVISIONS = ['HEAD', 'main', COMMIT];

/**
 * Starts a fake of the Hugging Face hub: API, files, and large files behind a redirect to another origin. It serves
 * HTTP on the loopback interface, resolves the revisions `HEAD`, `main` and the commit, and injects faults.
 */
export async function startFakeHub(repositories: readonly HubRepository[]): Promise<FakeHub> {
  const plan = createFaultPlan();
  const requests: HubRequest[] = [];
  const sent = new Map<string, number>();
  const pace: Pace = {};
  const hashes = new Map<string, Map<string, FileHashes>>();
  for (const { repository, files } of repositories) hashes.set(repository, await hashFiles(files));

  /** Records the request, and answers it if a fault applies. */
  const arrive = (
    place: HubPlace,
    name: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): { isAnswered: boolean; fault: HubFault | undefined } => {
    const { authorization, range } = request.headers;
    requests.push({ place, name, range, authorization, method: request.method ?? '' });
    const fault = plan.next(place, name);
    if (fault?.kind === 'status') {
      response.writeHead(fault.status, fault.headers).end();
    } else if (fault?.kind === 'redirect') {
      response.writeHead(302, { location: fault.location }).end();
    } else if (fault?.kind === 'disconnect' && fault.afterBytes === 0) {
      response.destroy();
    } else if (place !== 'api' || fault?.kind !== 'stall') {
      return { isAnswered: false, fault };
    }
    return { isAnswered: true, fault };
  };
  const send = (
    request: IncomingMessage,
    response: ServerResponse,
    file: SyntheticFile,
    name: string,
    etag: string,
    fault: HubFault | undefined,
  ) =>
    sendFile(request, response, file, {
      etag: `"${etag}"`,
      fault,
      pace,
      onSent: (bytes) => sent.set(name, (sent.get(name) ?? 0) + bytes),
    });

  const storage = await listen((request, response) => {
    const [, owner, name, path] = splitPath(request);
    const repository = repositories.find((one) => one.repository === `${owner}/${name}`);
    const file = repository?.files.get(path ?? '');
    const { isAnswered, fault } = arrive('storage', path ?? '', request, response);
    if (isAnswered) return;
    // S3 rejects a signed URL with an additional Authorization header too.
    if (request.headers.authorization !== undefined) response.writeHead(400).end();
    else if (!repository || !file) response.writeHead(404).end();
    else {
      const known = hashes.get(repository.repository)!.get(path!)!;
      void send(request, response, file, path!, known.sha256, fault);
    }
  });

  const answerFile = (
    request: IncomingMessage,
    response: ServerResponse,
    repository: HubRepository,
    path: string,
  ): void => {
    const { isAnswered, fault } = arrive('resolve', path, request, response);
    if (isAnswered) return;
    const token = request.headers.authorization?.replace('Bearer ', '');
    if (repository.access === 'gated' && token !== GRANTED_TOKEN) {
      refuse(response, token === KNOWN_TOKEN ? 403 : 401, 'GatedRepo');
      return;
    }
    const file = repository.files.get(path);
    const known = hashes.get(repository.repository)!.get(path);
    if (!file || !known) {
      refuse(response, 404, 'EntryNotFound');
      return;
    }
    response.setHeader('x-repo-commit', COMMIT);
    if (file.storage === 'git') {
      void send(request, response, file, path, known.gitSha1, fault);
      return;
    }
    response
      .writeHead(302, {
        'accept-ranges': 'bytes',
        'x-linked-etag': `"${known.sha256}"`,
        'x-linked-size': `${file.size}`,
        location: `${urlOf(storage)}/${repository.repository}/${encodeURIComponent(path)}?signature=1`,
      })
      .end();
  };

  const answerApi = (
    request: IncomingMessage,
    response: ServerResponse,
    repository: HubRepository,
    rest: string,
  ): void => {
    const { isAnswered } = arrive('api', rest, request, response);
    if (isAnswered) return;
    const [kind = '', revision = 'main'] = rest.split('/');
    const known = hashes.get(repository.repository)!;
    if (!REVISIONS.includes(revision)) {
      refuse(response, 404, 'RevisionNotFound');
    } else if (kind === '' || kind === 'revision') {
      json(response, describeRepository(repository, COMMIT, known));
    } else if (kind === 'tree') {
      const { page, next } = listPage(repository, known, new URL(request.url!, urlOf(hub)));
      if (next) response.setHeader('link', `<${next}>; rel="next"`);
      json(response, page);
    } else refuse(response, 404, 'EntryNotFound');
  };

  const hub = await listen((request, response) => {
    const path = splitPath(request);
    const isApi = path[1] === 'api' && path[2] === 'models';
    const [owner, name, ...rest] = path.slice(isApi ? 3 : 1);
    const repository = repositories.find((one) => one.repository === `${owner}/${name}`);
    if (!repository) refuse(response, 401, 'RepoNotFound');
    else if (isApi) answerApi(request, response, repository, rest.join('/'));
    else if (rest[0] !== 'resolve') refuse(response, 404, 'EntryNotFound');
    else if (!REVISIONS.includes(rest[1] ?? '')) refuse(response, 404, 'RevisionNotFound');
    else answerFile(request, response, repository, rest.slice(2).join('/'));
  });

  return {
    url: urlOf(hub),
    commit: COMMIT,
    requests,
    sent,
    pace,
    addFault: (rule) => plan.add(rule),
    forgetFaults: () => plan.clear(),
    close: async () => {
      await Promise.all([stop(hub), stop(storage)]);
    },
  };
}

async function listen(listener: RequestListener): Promise<Server> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

/** The decoded segments of a path. The first is empty. An encoded slash does not separate segments. */
function splitPath(request: IncomingMessage): string[] {
  return request.url!.split('?')[0]!.split('/').map(decodeURIComponent);
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function refuse(response: ServerResponse, status: number, code: string): void {
  const header = { 'content-type': 'application/json', 'x-error-code': code };
  response.writeHead(status, header).end(JSON.stringify({ error: code }));
}
