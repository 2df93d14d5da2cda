import { Injectable } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';

import {
  MAX_BODY_MEMORY_BYTES,
  MAX_BODY_MEMORY_PER_CLIENT_BYTES,
  MAX_JSON_BYTES,
  MAX_JSON_TEXT_BYTES,
  MAX_MEMORY_JSON_BYTES,
  MAX_RECEIVING,
  MAX_RECEIVING_PER_CLIENT,
  MIN_UPLOAD_BYTES,
  MIN_UPLOAD_WINDOW_MS,
} from '../../config/limits.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { clientOf } from './client.js';

/** The shares of one client. */
interface Received {
  bodies: number;
  memoryBytes: number;
}

/**
 * Bounds the reception of request bodies on every path: their number and their memory, in total and per client, and
 * their rate. A body that is being received holds no place of the work queue, so slow uploads delay nobody else.
 */
@Injectable()
export class BodyReceiver {
  private readonly clients = new Map<string, Received>();
  private readonly reserved = new WeakMap<Request, number>();
  private bodies = 0;
  private memoryBytes = 0;

  constructor(private readonly windowMs = MIN_UPLOAD_WINDOW_MS) {}

  /** Bytes that all requests hold in memory. */
  get heldBytes(): number {
    return this.memoryBytes;
  }

  /**
   * Express middleware. Ends a request whose body arrives at less than MIN_UPLOAD_BYTES per window with
   * REQUEST_TIMEOUT, and closes its connection, since the rest of the body will not be received.
   *
   * @throws RATE_LIMITED for too many bodies of one client, QUEUE_FULL for too many of all.
   */
  readonly receive = (request: Request, response: Response, next: NextFunction): void => {
    if (!hasBody(request)) {
      next();
      return;
    }
    this.countBody(request);
    if (request.is('application/json')) this.reserve(request, jsonBytes(request));
    watchRate(request, response, next, this.windowMs);
    next();
  };

  /**
   * Reserves memory for a part of a body until the response closes.
   *
   * @throws RATE_LIMITED above the memory of one client, QUEUE_FULL above the memory of all.
   */
  reserve(request: Request, bytes: number): void {
    const received = this.receivedOf(clientOf(request));
    if (received.memoryBytes + bytes > MAX_BODY_MEMORY_PER_CLIENT_BYTES) {
      throw tooMuchAtOnce('RATE_LIMITED', 'Your requests hold', MAX_BODY_MEMORY_PER_CLIENT_BYTES);
    }
    if (this.memoryBytes + bytes > MAX_BODY_MEMORY_BYTES) {
      throw tooMuchAtOnce('QUEUE_FULL', 'All requests hold', MAX_BODY_MEMORY_BYTES);
    }
    received.memoryBytes += bytes;
    this.memoryBytes += bytes;
    const before = this.reserved.get(request);
    this.reserved.set(request, (before ?? 0) + bytes);
    if (before === undefined) request.res?.once('close', () => this.releaseMemory(request));
  }

  private releaseMemory(request: Request): void {
    const bytes = this.reserved.get(request) ?? 0;
    const received = this.receivedOf(clientOf(request));
    received.memoryBytes -= bytes;
    this.memoryBytes -= bytes;
    this.forgetIdle(clientOf(request), received);
  }

  /** Counts the body until it is complete. */
  private countBody(request: Request): void {
    const client = clientOf(request);
    const received = this.receivedOf(client);
    if (received.bodies >= MAX_RECEIVING_PER_CLIENT) {
      throw new SalamandraError(
        'RATE_LIMITED',
        `This client is sending ${received.bodies} bodies, which is the limit. Wait until some are complete.`,
      );
    }
    if (this.bodies >= MAX_RECEIVING) {
      throw new SalamandraError(
        'QUEUE_FULL',
        `${MAX_RECEIVING} bodies are being received, which is the limit. Retry later.`,
      );
    }
    received.bodies += 1;
    this.bodies += 1;
    let isCounted = true;
    const uncount = () => {
      if (!isCounted) return;
      isCounted = false;
      received.bodies -= 1;
      this.bodies -= 1;
      this.forgetIdle(client, received);
    };
    request.once('end', uncount);
    request.once('close', uncount);
  }

  private receivedOf(client: string): Received {
    const received = this.clients.get(client) ?? { bodies: 0, memoryBytes: 0 };
    this.clients.set(client, received);
    return received;
  }

  private forgetIdle(client: string, { bodies, memoryBytes }: Received): void {
    if (bodies === 0 && memoryBytes === 0) this.clients.delete(client);
  }
}

function hasBody({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** The parser holds a JSON body as a whole. Without a length it may be as long as the limit. */
function jsonBytes(request: Request): number {
  if (storesFiles(request)) return MAX_JSON_TEXT_BYTES;
  return Math.min(Number(request.headers['content-length'] ?? MAX_JSON_BYTES), MAX_JSON_BYTES);
}

const CHAT_PATH = /^\/v1\/chat\/completions\/?(?:\?|$)/i;

/**
 * Whether a JSON body is received in pieces, with its files on disk: chat requests above MAX_MEMORY_JSON_BYTES or
 * without a length. OpenAI's clients cannot send files in another way.
 */
export function storesFiles(request: Request): boolean {
  const { originalUrl, headers } = request;
  return (
    CHAT_PATH.test(originalUrl) &&
    request.is('application/json') === 'application/json' &&
    /^[^;]*(?:;\s*charset="?utf-?8"?\s*)?$/i.test(headers['content-type'] ?? '') &&
    (headers['content-encoding'] ?? 'identity') === 'identity' &&
    Number(headers['content-length'] ?? Infinity) > MAX_MEMORY_JSON_BYTES
  );
}

function tooMuchAtOnce(code: 'RATE_LIMITED' | 'QUEUE_FULL', who: string, limit: number) {
  return new SalamandraError(
    code,
    `${who} ${limit / 1e6} MB of images and JSON in memory, which is the limit. Wait for their answers, or send fewer at once.`,
    { details: { max_bytes: limit } },
  );
}

function watchRate(
  request: Request,
  response: Response,
  next: NextFunction,
  windowMs: number,
): void {
  const { socket } = request;
  let bytesBefore = socket.bytesRead;
  const timer = setInterval(() => {
    if (request.complete) {
      clearInterval(timer);
      return;
    }
    const bytes = socket.bytesRead - bytesBefore;
    bytesBefore = socket.bytesRead;
    // Buffered data means that the service is the slow side, for example its disk.
    if (bytes >= MIN_UPLOAD_BYTES || request.readableLength > 0) return;
    clearInterval(timer);
    if (response.headersSent) {
      socket.destroy();
      return;
    }
    response.setHeader('Connection', 'close');
    next(
      new SalamandraError(
        'REQUEST_TIMEOUT',
        `The body arrived too slowly: less than ${MIN_UPLOAD_BYTES} bytes in ${windowMs / 1_000} s.`,
      ),
    );
  }, windowMs);
  request.once('close', () => clearInterval(timer));
}
