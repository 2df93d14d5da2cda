import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { createHubClient } from './hub-client.js';

describe('resolveSnapshot', () => {
  it.each(['without entries', 'of folders'])(
    'gives up on a listing %s that never ends',
    async (kind) => {
      const page =
        kind === 'of folders' ? [{ type: 'directory', path: 'a', oid: '', size: 0 }] : [];
      let pages = 0;
      const server = createServer((request, response) => {
        const isListing = request.url?.includes('/tree/') === true;
        if (isListing) {
          pages += 1;
          const next = `http://${request.headers.host ?? ''}/api/models/a/b/tree/x?cursor=${pages}`;
          response.setHeader('link', `<${next}>; rel="next"`);
        }
        const model = { id: 'a/b', modelId: 'a/b', sha: 'a'.repeat(40), gated: false };
        response.end(JSON.stringify(isListing ? page : model));
      }).listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      const { port } = server.address() as AddressInfo;
      const client = createHubClient({
        endpoint: `http://127.0.0.1:${port}`,
        token: null,
        network: 'online',
      });
      const signal = AbortSignal.timeout(60_000);
      const described = client.resolveSnapshot('a/b', null, { onPause: () => undefined, signal });

      await expect(described).rejects.toMatchObject({ code: 'HUB_UNAVAILABLE' });
      expect(pages).toBeLessThanOrEqual(1_000);
      client.close();
      server.closeAllConnections();
      server.close();
    },
  );
});
