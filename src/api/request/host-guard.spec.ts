import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Request, Response } from 'express';

import { SalamandraError } from '../../errors/salamandra-error.js';
import { createHostGuard, type HostRules, isLoopback } from './host-guard.js';

const LOCAL: HostRules = { host: '127.0.0.1', allowedHosts: [] };
const NAMED: HostRules = { host: '127.0.0.1', allowedHosts: ['captions.example.org'] };
const PUBLIC: HostRules = { host: '0.0.0.0', allowedHosts: [] };

/** The code of the refusal, or undefined where the request passes. */
async function ask(
  rules: HostRules,
  method: string,
  host: string,
  origin?: string,
): Promise<string | undefined> {
  const guard = createHostGuard(rules);
  const server = createServer((incoming, response) => {
    try {
      guard(incoming as Request, response as Response, () => response.end());
    } catch (error) {
      response.end(error instanceof SalamandraError ? error.code : String(error));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const headers = { Host: host, ...(origin !== undefined && { Origin: origin }) };
  const text = await new Promise<string>((resolve, reject) => {
    const call = request({ port, host: '127.0.0.1', method, headers }, (reply) => {
      let body = '';
      reply.on('data', (chunk) => (body += String(chunk))).on('end', () => resolve(body));
    });
    call.on('error', reject).end();
  });
  server.close();
  return text === '' ? undefined : text;
}

it.each([
  ...['localhost', 'LOCALHOST', '127.0.0.1', '127.8.0.1', '::1', '[::1]'].map(
    (host) => [host, true] as const,
  ),
  ...['0.0.0.0', '::', '192.168.1.2', '127.example.org', 'example.org'].map(
    (host) => [host, false] as const,
  ),
])('tells loopback addresses: %s is %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});

it.each([
  [LOCAL, 'localhost:3000'],
  [LOCAL, '127.0.0.1'],
  [LOCAL, '[::1]:3000'],
  [LOCAL, 'LocalHost.:3000'],
  [{ ...LOCAL, host: '127.0.0.9' }, '127.0.0.9:80'],
  [{ ...LOCAL, host: '::1' }, '[::1]'],
  [NAMED, 'Captions.Example.org:443'],
  [PUBLIC, 'anything.example.org'],
])('goes by its names: %j, %s', async (rules, host) => {
  expect(await ask(rules, 'GET', host)).toBeUndefined();
});

it.each([
  [LOCAL, 'evil.example.org'],
  [LOCAL, 'localhost.example.org'],
  [LOCAL, '127.0.0.1.example.org:3000'],
  [{ ...LOCAL, host: 'localhost' }, 'captions.example.org'],
  [NAMED, 'example.org'],
  [{ ...PUBLIC, allowedHosts: ['captions.example.org'] }, 'evil.example.org'],
])('goes by no other: %j, %s', async (rules, host) => {
  expect(await ask(rules, 'GET', host)).toBe('FORBIDDEN');
});

it.each([
  [LOCAL, 'localhost:3000', 'http://localhost:3000', undefined],
  [LOCAL, 'localhost:3000', 'http://localhost:8080', 'FORBIDDEN'],
  [LOCAL, 'localhost:3000', 'https://evil.example.org', 'FORBIDDEN'],
  [LOCAL, 'localhost:3000', 'null', 'FORBIDDEN'],
  [LOCAL, 'localhost:3000', 'file://', 'FORBIDDEN'],
  [NAMED, '127.0.0.1:3000', 'https://captions.example.org', undefined],
  [PUBLIC, 'api.example.org', 'https://api.example.org', undefined],
  [PUBLIC, 'api.example.org', 'https://evil.example.org', 'FORBIDDEN'],
])('takes posts from its own pages: %j, %s, %s', async (rules, host, origin, code) => {
  expect(await ask(rules, 'POST', host, origin)).toBe(code);
  expect(await ask(rules, 'GET', host, origin)).toBeUndefined();
});
