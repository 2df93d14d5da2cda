import type { SalamandraError } from '../../errors/salamandra-error.js';
import {
  ADMITTED,
  admitServer,
  type MediaServer,
  startMediaServer,
} from '../../../test/http/media-server.js';
import { type FetchPolicy, isPublicAddress, resolveByDns } from './ssrf-guard.js';
import { createGuardedFetcher } from './media-fetcher.js';

const JPEG = Buffer.from('ffd8ffe000104a464946', 'hex');
const TARGET = {
  maxImageBytes: 1_000,
  maxVideoBytes: 1_000,
  store: () => Promise.reject(new Error('There is no video here.')),
};

/** Listens on every address of this machine. No rejected URL may reach it. */
let canary: MediaServer;

beforeEach(async () => {
  canary = await startMediaServer((request, response) => {
    const status = request.url === '/' ? 200 : 302;
    response.writeHead(status, { location: 'http://private.test/' }).end(JPEG);
  });
});

afterEach(() => canary.close());

/** The service's policy, except for the port, which is the canary's. */
function publicPolicy(changes: Partial<FetchPolicy> = {}): FetchPolicy {
  return admitServer(canary, { allowsAddress: isPublicAddress, ...changes });
}

async function rejectionOf(url: string, policy: FetchPolicy): Promise<unknown> {
  const { signal } = new AbortController();
  const error: unknown = await createGuardedFetcher(policy)
    .fetch(url, TARGET, signal)
    .then(
      () => 'fetched',
      (reason: unknown) => reason,
    );
  return (error as SalamandraError).toJSON();
}

const REJECTION = {
  code: 'MEDIA_URL_REJECTED',
  publicMessage:
    'The media URL is not allowed. Use http or https on port 80 or 443, without credentials, on a public host that the operator allows, with at most 2048 characters and 3 redirects.',
  retryable: false,
};

/** Spellings of addresses that are not public. */
const ADDRESS_FORMS = [
  '127.0.0.1',
  '127.0.0.1.',
  '127.1',
  '127.0.1',
  '2130706433',
  '017700000001',
  '0x7f000001',
  '0x7f.1',
  '0x7f.0x0.0x0.0x1',
  '0177.0.0.1',
  '127.255.255.254',
  '0.0.0.0',
  '0',
  '①②⑦.⓪.⓪.①',
  '１２７.０.０.１',
  '127。0。0。1',
  '%31%32%37.0.0.1',
  '[::]',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[::ffff:0:127.0.0.1]',
  '[::127.0.0.1]',
  '[64:ff9b::7f00:1]',
  '[64:ff9b:1::7f00:1]',
  '[2002:7f00:1::]',
  '[2001:0:7f00:1::]',
  '[2001:db8::5efe:7f00:1]',
  '[2606:4700::5efe:7f00:1]',
  '[2606:4700::200:5efe:a9fe:a9fe]',
  '[fe80::1]',
  '[febf::1]',
  '[fec0::1]',
  '[fc00::1]',
  '[fd00:ec2::254]',
  '[ff02::1]',
  '[100::1]',
  '[2001:db8::1]',
  '10.0.0.1',
  '10.255.255.255',
  '0x0a000001',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.0.1',
  '192.168.257',
  '100.64.0.1',
  '100.100.100.200',
  '169.254.169.254',
  '169.254.43518',
  '2852039166',
  '0xa9fea9fe',
  '[::ffff:a9fe:a9fe]',
  '192.0.0.192',
  '192.0.2.1',
  '192.88.99.1',
  '198.18.0.1',
  '198.19.255.255',
  '198.51.100.1',
  '203.0.113.1',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
  '168.63.129.16',
];

describe('addresses in a URL', () => {
  it.each(ADDRESS_FORMS)('rejects %s without a connection', async (host) => {
    const resolve = () => Promise.reject(new Error('A literal address is not looked up.'));

    expect(await rejectionOf(`http://${host}:${canary.port}/`, publicPolicy({ resolve }))).toEqual(
      REJECTION,
    );
    expect(canary.accepted).toBe(0);
  });

  it.each(ADDRESS_FORMS)('rejects a redirect to %s', async (host) => {
    const location = `http://${host}:${canary.port}/`;
    const server = await startMediaServer((_, response) => {
      // UTF-8 bytes, because Node rejects such characters in a header string.
      response.writeHead(307, { location: Buffer.from(location).toString('latin1') }).end();
    });
    let asked = 0;
    const policy = publicPolicy({
      ports: new Set([server.port, canary.port]),
      // The first server stands for a public one, so its address is allowed.
      allowsAddress: (address) => asked++ === 0 || isPublicAddress(address),
    });

    expect(await rejectionOf(`http://start.test:${server.port}/`, policy)).toEqual(REJECTION);
    expect(server.accepted).toBe(1);
    await server.close();
    expect(canary.accepted).toBe(0);
  });

  it('reaches the canary without the policy', async () => {
    const { signal } = new AbortController();
    const policy = publicPolicy({ allowsAddress: () => true });
    for (const host of ['127.1', '0x7f.1', '0.0.0.0']) {
      await createGuardedFetcher(policy).fetch(`http://${host}:${canary.port}/`, TARGET, signal);
    }
    expect(canary.accepted).toBe(3);
  });
});

describe('addresses of a host name', () => {
  it.each([
    ['none', []],
    ['loopback', ['127.0.0.1']],
    ['IPv6 loopback', ['::1']],
    ['unspecified', ['0.0.0.0']],
    ['private', ['10.0.0.1']],
    ['shared', ['100.64.0.1']],
    ['metadata', ['169.254.169.254']],
    ['unique local', ['fd00:ec2::254']],
    ['mapped', ['::ffff:127.0.0.1']],
    ['NAT64', ['64:ff9b::7f00:1']],
    ['with a zone', ['fe80::1%lo']],
    ['no address', ['localhost']],
    ['public, then private', ['93.184.216.34', '127.0.0.1']],
    ['private, then public', ['127.0.0.1', '93.184.216.34']],
    ['public IPv4, private IPv6', ['93.184.216.34', '::1']],
  ])('rejects a name with: %s', async (_, answers) => {
    const policy = publicPolicy({ resolve: () => Promise.resolve(answers) });

    expect(await rejectionOf(`http://media.test:${canary.port}/`, policy)).toEqual(REJECTION);
    expect(canary.accepted).toBe(0);
  });

  it('gives the same error for a name that cannot be resolved', async () => {
    const policy = publicPolicy({ resolve: () => Promise.reject(new Error('ESERVFAIL')) });

    expect(await rejectionOf(`http://media.test:${canary.port}/`, policy)).toEqual(REJECTION);
  });

  it.each(['localhost', 'LOCALHOST.', 'invalid.', 'a..b', '.'])(
    'rejects %s, asked of the system',
    async (host) => {
      const policy = publicPolicy({ resolve: resolveByDns });

      expect(await rejectionOf(`http://${host}:${canary.port}/`, policy)).toEqual(REJECTION);
      expect(canary.accepted).toBe(0);
    },
  );

  it('connects to the checked address without a second lookup', async () => {
    const answers = [[ADMITTED], ['10.0.0.1']];
    const asked: string[] = [];
    const policy = admitServer(canary, {
      resolve: (hostname) => {
        asked.push(hostname);
        return Promise.resolve(answers.shift() ?? []);
      },
    });
    const { signal } = new AbortController();

    expect(
      await createGuardedFetcher(policy).fetch(
        `http://Media.Test.:${canary.port}/`,
        TARGET,
        signal,
      ),
    ).toMatchObject({ kind: 'image' });
    expect(asked).toEqual(['media.test']);
    expect(canary.accepted).toBe(1);
  });

  it('does not resolve names outside the allowed domains', async () => {
    const asked: string[] = [];
    const policy = publicPolicy({
      allowedDomains: ['.example.org'],
      resolve: (hostname) => {
        asked.push(hostname);
        return Promise.resolve([]);
      },
    });

    expect(await rejectionOf(`http://secret.test:${canary.port}/`, policy)).toEqual(REJECTION);
    expect(asked).toEqual([]);
  });
});
