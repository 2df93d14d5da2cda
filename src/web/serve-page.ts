import { fileURLToPath } from 'node:url';

import compression from 'compression';
import type { NextFunction, Request, RequestHandler, Response } from 'express';

import { SalamandraError } from '../errors/salamandra-error.js';
import { listSamples } from './list-samples.js';

/** Folders of the page and the samples. */
export interface PageFolders {
  /** Output of `npm run build:page`. */
  readonly page: string;
  /** Sample images and videos, and their lists. */
  readonly samples: string;
}

/** The folders of this installation. The relative paths are valid from `src/web` and from `dist/web`. */
export const PAGE_FOLDERS: PageFolders = {
  page: fileURLToPath(new URL('../../dist/web/page', import.meta.url)),
  samples: fileURLToPath(new URL('../../samples', import.meta.url)),
};

/** The files of the page by URL path. Other files of the folder are not served. */
const PAGE_FILES: ReadonlyMap<string, string> = new Map([
  ['/', 'index.html'],
  ['/main.js', 'main.js'],
  ['/main.css', 'main.css'],
]);

const SAMPLE_LIST = '/samples/index.json';

/** The page loads only its own script, style and media, and sends requests to this service only. */
const HEADERS = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob: data:",
    "media-src 'self' blob:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  // Cached, but revalidated on every request, so that a new version of the service takes effect immediately.
  'Cache-Control': 'no-cache',
};

/**
 * Express middleware for the page and the samples. Other paths go to the next handler.
 *
 * @throws METHOD_NOT_ALLOWED except for GET and HEAD; NOT_FOUND if the page is not built, through `next`
 */
export function createPageServer(folders: PageFolders): RequestHandler {
  const samples = listSamples(folders.samples);
  const sampleFiles = new Map(samples.map(({ url, file }) => [url, file]));
  const compress = compression();

  return (request: Request, response: Response, next: NextFunction) => {
    const { path } = request;
    const pageFile = PAGE_FILES.get(path);
    const sampleFile = sampleFiles.get(path);
    if (pageFile === undefined && sampleFile === undefined && path !== SAMPLE_LIST) {
      next();
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      throw new SalamandraError('METHOD_NOT_ALLOWED', 'Method not allowed. Use GET or HEAD.');
    }
    response.set(HEADERS);
    if (pageFile !== undefined) {
      compress(request, response, () => {
        // No ranges, because they would refer to compressed bytes.
        const options = { root: folders.page, cacheControl: false, acceptRanges: false };
        response.sendFile(pageFile, options, forwardError(next));
      });
    } else if (sampleFile !== undefined) {
      const options = { root: folders.samples, cacheControl: false };
      response.sendFile(sampleFile, options, forwardError(next));
    } else {
      response.json({ object: 'list', data: samples });
    }
  };
}

/** Passes on the error of a file transfer, except if the client closed the connection. */
function forwardError(next: NextFunction): (error?: NodeJS.ErrnoException) => void {
  return (error) => {
    if (error?.code === 'ENOENT') {
      next(new SalamandraError('NOT_FOUND', 'The page is not built. Run `npm run build`.'));
    } else if (error && error.code !== 'ECONNABORTED') {
      next(error);
    }
  };
}
