/**
 * One attack on a service, in a process of its own: `tsx attack.ts URL NAME ADDRESS`. It ends with its parent. The
 * client that is measured must not wait for the event loop of the attackers.
 */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { form, json, send, unseen } from './send.js';

const [url = '', name = '', from = ''] = process.argv.slice(2);
const { hostname, port } = new URL(url);
process.on('disconnect', () => process.exit(0));

const street = readFileSync('samples/street.png');

const ATTACKS: Readonly<Record<string, () => void>> = {
  /** 24 uploads of 1.3 kB/s: more than the smallest permitted rate. */
  drips: () => repeat(24, () => hold('/v1/captions', 1_300, 1_000)),
  /** 512 connections that send a byte now and then to a path that does not exist. */
  sockets: () => repeat(512, () => hold('/nope', 1, 3_000)),
  /** 12 MB of tiny JSON values. */
  bombs() {
    const values = [`[${'{},'.repeat(3_990_000)}1]`, `[${'1,'.repeat(5_990_000)}1]`].map((bomb) =>
      Buffer.from(`{"messages":${bomb}}`),
    );
    repeat(12, async (index) => {
      const bomb = json('');
      await send(url, { path: '/v1/answers', from, ...bomb, body: values[index % 2]! });
    });
  },
  /** Texts that are refused after they were tokenized. */
  texts() {
    const content = 'wordy, wordier; '.repeat(4_000);
    const body = { model: 'visual-salamandra', messages: [{ role: 'user', content }] };
    repeat(4, async (index) => {
      await send(url, { path: '/v1/chat/completions', from, ...json({ ...body, seed: index }) });
    });
  },
  /** 40 clients of one address, with an image each that no cache has. */
  loops: () =>
    repeat(40, async () => {
      const { status } = await send(url, {
        ...{ path: '/v1/captions', from },
        ...form(unseen(street), { languages: 'en,ca' }),
      });
      if (status !== 200) await sleep(200);
    }),
};

const attack = ATTACKS[name];
if (!attack) throw new Error(`Unknown attack "${name}".`);
attack();
process.send?.('running');

/** Runs `attempts` loops of a task, each again as soon as it has ended. */
function repeat(attempts: number, task: (index: number) => Promise<void>): void {
  for (let index = 0; index < attempts; index += 1) {
    void (async () => {
      for (;;) {
        await task(index);
        await sleep(10);
      }
    })();
  }
}

/** Holds a connection with a body that arrives slowly, until the service closes it. */
async function hold(path: string, bytes: number, everyMs: number): Promise<void> {
  const socket: Socket = connect({ host: hostname, port: Number(port), localAddress: from });
  const part = Buffer.alloc(bytes, 'x');
  let timer: NodeJS.Timeout | undefined;
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => undefined);
  socket.on('data', () => undefined);
  socket.once('connect', () => {
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 20000000\r\n\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n`,
    );
    timer = setInterval(() => socket.write(part), everyMs);
  });
  await closed;
  clearInterval(timer);
  await sleep(100);
}
