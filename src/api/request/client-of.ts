import type { Request } from 'express';

/** Who takes turns with whom: an address is a client, since nobody signs in here. */
export function clientOf(request: Request): string {
  return request.ip ?? '';
}
