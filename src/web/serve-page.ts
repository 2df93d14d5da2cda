import { fileURLToPath } from 'node:url';

import compression from 'compression';
import type { NextFunction, Request, RequestHandler, Response } from 'express';

import { SalamandraError } from '../errors/salamandra-error.js';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Folders of static files. */
export interface PageFolders {
  /** Output of `npm run build:page`. */
  readonly page: string;
  /** Sample images and videos, with the lists samples.json and clips.json. */
  readonly samples: string;
}

/** The folders of this installation. The relative paths are the same from src/web and dist/web. */
export const PAGE_FOLDERS: PageFolders = {
  page: fileURLToPath(new URL('../../dist/web/page', import.meta.url)),
  samples: fileURLToPath(new URL('../../samples', import.meta.url)),
};

/** Files of the page by URL path. No other files of the folder are served. */
const PAGE_FILES: ReadonlyMap<string, string> = new Map([
  ['/', 'index.html'],
  ['/main.js', 'main.js'],
  ['/main.css', 'main.css'],
]);

const SAMPLE_LIST = '/samples/index.json';

/** The policy allows own scripts, styles and API calls, and images and videos from memory (`blob:`). */
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
  // Cached but revalidated, so that a new version of the service is used at once.
  'Cache-Control': 'no-cache',
};

/**
 * Express middleware that serves the page and the samples. Other paths go to the next handler.
 *
 * @throws METHOD_NOT_ALLOWED for methods other than GET and HEAD, NOT_FOUND if the page was not built
 */
export function createPageServer(folders: PageFolders): RequestHandler {
  const samples = listSamples(folders.samples);
  const sampleFiles = new Map(samples.map(({ url, file }) => [`/${url}`, file]));
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
      throw new SalamandraError('METHOD_NOT_ALLOWED', 'This URL supports GET and HEAD only.');
    }
    response.set(HEADERS);
    if (pageFile !== undefined) {
      compress(request, response, () => {
        // Ranges would refer to the compressed bytes.
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

/** Passes errors of `sendFile` to the next handler, except for clients that closed the connection. */
function forwardError(next: NextFunction): (error?: NodeJS.ErrnoException) => void {
  return (error) => {
    if (error?.code === 'ENOENT') {
      next(new SalamandraError('NOT_FOUND', 'The web page is not built. Run `npm run build`.'));
    } else if (error && error.code !== 'ECONNABORTED') {
      next(error);
    }
  };
}

/** An entry of the sample list. */
interface Sample {
  readonly file: string;
  readonly kind: 'image' | 'video';
  /** Relative to the page, which a proxy may serve below a path prefix. */
  readonly url: string;
}

/** List files in the samples folder, and the media kind of their entries. */
const LISTS = [
  ['samples.json', 'image'],
  ['clips.json', 'video'],
] as const;

/** The entries of all list files in a folder. */
function listSamples(folder: string): Sample[] {
  return LISTS.flatMap(([list, kind]) => {
    const path = join(folder, list);
    // Samples are optional.
    if (!existsSync(path)) return [];
    const entries = JSON.parse(readFileSync(path, 'utf8')) as Pick<Sample, 'file'>[];
    return entries.map(({ file }) => ({ file, kind, url: `samples/${file}` }));
  });
}
