import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request, Response } from 'express';

const KEY_PREFIX = 'key:';

/** Names of the keys of requests that were admitted with one. */
const keyNames = new WeakMap<Request, string>();

/** Names the key whose request this is. It is then the client, at whatever address. */
export function setClient(request: Request, keyName: string): void {
  keyNames.set(request, keyName);
}

/**
 * The client of a request, for fair shares, quotas and cache separation: its key, else its address. Behind a trusted
 * proxy that is the address that the proxy forwards.
 */
export function clientOf(request: Request): string {
  const keyName = keyNames.get(request);
  return keyName === undefined ? toClientAddress(request.ip) : `${KEY_PREFIX}${keyName}`;
}

/** The name of the key of a client; undefined for an address. */
export function keyNameOf(client: string | undefined): string | undefined {
  return client?.startsWith(KEY_PREFIX) === true ? client.slice(KEY_PREFIX.length) : undefined;
}

/** Groups of an IPv6 address that a provider assigns to one site: /64. */
const IPV6_SITE_GROUPS = 4;
const IPV6_GROUPS = 8;

/**
 * The part of an address that one client controls: an IPv4 address, also in its IPv6 notation, or the /64 network of an
 * IPv6 address, in which a client may choose any address (RFC 6177).
 */
export function toClientAddress(address: string | undefined): string {
  if (address === undefined) return '';
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !address.includes(':')) return mapped ?? address;
  const [head = '', tail] = address.toLowerCase().replace(/%.*$/, '').split('::');
  const groups = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array<string>(Math.max(0, IPV6_GROUPS - groups.length - last.length)).fill('0');
  const all = tail === undefined ? groups : [...groups, ...zeros, ...last];
  return `${all.slice(0, IPV6_SITE_GROUPS).join(':')}::/64`;
}

/** Parameter decorator: `clientOf` the request. */
export const Client = createParamDecorator((_: unknown, context: ExecutionContext) =>
  clientOf(context.switchToHttp().getRequest<Request>()),
);

/** Parameter decorator: a signal that aborts if the client disconnects before the response is complete. */
export const ClientSignal = createParamDecorator((_: unknown, context: ExecutionContext) => {
  const response = context.switchToHttp().getResponse<Response>();
  const abort = new AbortController();
  if (response.destroyed) abort.abort();
  response.once('close', () => {
    if (!response.writableFinished) abort.abort();
  });
  return abort.signal;
});
