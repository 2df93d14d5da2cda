import { followParent, sendToParent } from './engine/fork-worker.js';
import type { TilingRequest } from './engine/media-decoder.js';
import type { MediaWorkerReply } from './engine/media-worker-decoder.js';
import { tileMedia } from './engine/tile-media.js';
import { SalamandraError } from './errors/salamandra-error.js';

/** Child process that decodes untrusted pictures: a request in, tiles or an error out, one at a time. */
followParent();

process.on('message', (request: TilingRequest) => {
  void tileMedia(request).then(
    (media) => reply({ type: 'tiled', media }),
    (error: unknown) => reply({ type: 'error', error: toPublicError(error).toJSON() }),
  );
});

function reply(message: MediaWorkerReply): void {
  sendToParent(message);
}

function toPublicError(error: unknown): SalamandraError {
  return error instanceof SalamandraError
    ? error
    : new SalamandraError('INTERNAL', 'Internal error.', { cause: error });
}
