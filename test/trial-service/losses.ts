import { request } from 'node:http';
import { kill } from 'node:process';

import { type Service, startService } from '../e2e/service.js';
import { readEvents } from '../http/read-events.js';
import { createTemporaryFolder } from '../setup/temporary-folder.js';
import { encode, ffmpeg } from './encode.js';
import type { Report } from './report.js';
import { form, send, unseen } from './send.js';
import { findDescendants } from './watch-process.js';

interface Missing {
  readonly start: number;
  readonly code?: string;
  readonly detail?: string;
}

/** Segments that may be lost with three processes: each has at most one at work. */
const MAX_MISSING = 3;

/** A long clip, as a stream and as JSON, through two losses of the inference worker and one of a media process. */
export async function runLosses(report: Report, isShort: boolean): Promise<void> {
  if (!ffmpeg) {
    report.skip('a long clip', 'ffmpeg is missing');
    return;
  }
  const segments = isShort ? 40 : 900;
  const folder = createTemporaryFolder();
  const service = await startService();
  try {
    const source = `testsrc=s=64x48:r=4:d=${segments}`;
    const clip = encode(folder.path('long.mp4'), source, ['-c:v', 'mpeg4', '-q:v', '2', '-g', '4']);
    await service.waitUntilReady();
    const fields = { granularity: 'interval', interval_seconds: '1', num_frames: '1' };
    const upload = form(unseen(clip), { ...fields, max_tokens: '4' });
    const asJson = send(service.url, {
      ...{ path: '/v1/videos/captions', from: '127.0.0.3' },
      ...form(unseen(clip), { ...fields, max_tokens: '4' }),
    });
    const text = await readStream(service, upload, [
      { after: Math.ceil(segments * 0.25), lose: 'inference.worker' },
      { after: Math.ceil(segments * 0.5), lose: 'media.worker' },
      { after: Math.ceil(segments * 0.75), lose: 'inference.worker' },
    ]);
    const events = readEvents(text);
    const of = (name: string) => events.filter(({ event }) => event === name);
    checkSegments(report, 'stream', segments, {
      kept: of('segment').length,
      missing: of('missing').map(({ data }) => data as Missing),
    });
    report.check(
      'end of the stream',
      'done',
      String(events.at(-1)?.event),
      of('done').length === 1,
    );
    const answer = await asJson;
    const body = JSON.parse(answer.text || '{}') as { segments?: unknown[]; missing?: Missing[] };
    checkSegments(report, `JSON (${answer.status})`, segments, {
      kept: body.segments?.length ?? 0,
      missing: body.missing ?? [],
    });
  } finally {
    service.process.kill('SIGKILL');
    folder.remove();
  }
}

function checkSegments(
  report: Report,
  what: string,
  expected: number,
  { kept, missing }: { readonly kept: number; readonly missing: readonly Missing[] },
): void {
  const isTyped = missing.every(({ code, detail }) => Boolean(code) && Boolean(detail));
  report.check(
    `${what}: segments`,
    `${expected}, at most ${MAX_MISSING} marked`,
    `${kept} kept, ${missing.length} marked`,
    kept + missing.length === expected && missing.length <= MAX_MISSING && isTyped,
  );
}

interface Loss {
  /** Segments in the stream before the kill. */
  readonly after: number;
  /** A part of the command line of the process. */
  readonly lose: string;
}

function readStream(
  { url, process: { pid = 0 } }: Service,
  upload: ReturnType<typeof form>,
  losses: readonly Loss[],
): Promise<string> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const headers = { ...upload.headers, Accept: 'text/event-stream' };
    const path = '/v1/videos/captions';
    const outgoing = request({ hostname, port, path, method: 'POST', headers, agent: false });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      const left = [...losses];
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
        const [next] = left;
        if (!next || text.split('event: segment').length <= next.after) return;
        // Of the media processes, that of the engine: it samples the frames.
        const [engine = 0] = findDescendants(pid, 'inference.worker');
        const lost =
          next.lose === 'inference.worker' ? [engine] : findDescendants(engine, next.lose);
        left.shift();
        for (const each of lost) killSafely(each);
      });
      response.on('end', () => resolve(text));
      response.on('error', () => resolve(text));
    });
    outgoing.end(upload.body);
  });
}

function killSafely(pid: number): void {
  try {
    if (pid > 0) kill(pid, 'SIGKILL');
  } catch {
    // It is gone.
  }
}
