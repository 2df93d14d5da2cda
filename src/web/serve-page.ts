import { fileURLToPath } from 'node:url';

import compression from 'compression';
import type { NextFunction, Request, RequestHandler, Response } from 'express';

import { SalamandraError } from '../errors/salamandra-error.js';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the page's files lie. */
export interface PageFolders {
  /** What `npm run build:page` writes. */
  readonly page: string;
  /** Pictures and clips for a first try, and the lists of them. */
  readonly samples: string;
}

/** Those of this installation; the same seen from `src/web` and from `dist/web`. */
export const PAGE_FOLDERS: PageFolders = {
  page: fileURLToPath(new URL('../../dist/web/page', import.meta.url)),
  samples: fileURLToPath(new URL('../../samples', import.meta.url)),
};

/** What is served of the page, by its address. Nothing else ever is. */
const PAGE_FILES: ReadonlyMap<string, string> = new Map([
  ['/', 'index.html'],
  ['/main.js', 'main.js'],
  ['/main.css', 'main.css'],
]);

const SAMPLE_LIST = '/samples/index.json';

/** The page runs its own script and style, shows what it was given, and talks to this service alone. */
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
  // Kept, but asked about each time: a new version of the service is seen at once.
  'Cache-Control': 'no-cache',
};

/**
 * Express middleware that serves the page and the samples, and passes on requests for anything else.
 *
 * @throws METHOD_NOT_ALLOWED for anything but reading, NOT_FOUND where the page was not built, through `next`.
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
      throw new SalamandraError('METHOD_NOT_ALLOWED', 'This address takes GET, HEAD.');
    }
    response.set(HEADERS);
    if (pageFile !== undefined) {
      compress(request, response, () => {
        // A range of compressed bytes would be of no use to anybody.
        const options = { root: folders.page, cacheControl: false, acceptRanges: false };
        response.sendFile(pageFile, options, passOn(next));
      });
    } else if (sampleFile !== undefined) {
      const options = { root: folders.samples, cacheControl: false };
      response.sendFile(sampleFile, options, passOn(next));
    } else {
      response.json({ object: 'list', data: samples });
    }
  };
}

/** Hands on the failure of a file that was to be sent. Clients that leave in the middle are none. */
function passOn(next: NextFunction): (error?: NodeJS.ErrnoException) => void {
  return (error) => {
    if (error?.code === 'ENOENT') {
      next(new SalamandraError('NOT_FOUND', 'The page is not built; `npm run build` builds it.'));
    } else if (error && error.code !== 'ECONNABORTED') {
      next(error);
    }
  };
}

/** A sample as the page is told of it. */
export interface Sample {
  readonly file: string;
  readonly kind: 'image' | 'video';
  /** Where it is served. */
  readonly url: string;
}

/** The lists in the folder of samples, and what is in each. */
const LISTS = [
  ['samples.json', 'image'],
  ['clips.json', 'video'],
] as const;

/** The pictures and clips that are named in the lists of a folder; none where there is no list. */
export function listSamples(folder: string): Sample[] {
  return LISTS.flatMap(([list, kind]) => {
    const path = join(folder, list);
    // An installation may go without samples.
    if (!existsSync(path)) return [];
    const entries = JSON.parse(readFileSync(path, 'utf8')) as Pick<Sample, 'file'>[];
    return entries.map(({ file }) => ({ file, kind, url: `/samples/${file}` }));
  });
}
