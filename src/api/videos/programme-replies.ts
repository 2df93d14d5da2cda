import type { Language } from '../../language/languages.js';
import type { SseMessage } from '../http/event-stream-response.js';
import type { Plain } from '../http/media.presenter.js';
import { presentTimings, presentUsage } from '../http/outcome.presenter.js';
import { eventMessage } from '../http/send-outcome.js';
import type { ProgrammeEvent } from '../../programme/describe-programme.js';
import {
  presentSegment,
  type SegmentDto,
  type VideoCaptionsReplyDto,
} from './video-captions.presenter.js';
import { type Cue, formatWebVtt } from '../../programme/webvtt.js';

/** What a reply says of a programme before its first segment. */
type ProgrammeHead = Plain<Pick<VideoCaptionsReplyDto, 'id' | 'model' | 'media' | 'granularity'>>;

/** What comes of a programme: its head first, then what was written. */
export type ProgrammeStream = AsyncIterable<
  { readonly type: 'head'; readonly head: ProgrammeHead } | ProgrammeEvent
>;

/** The whole reply. */
export async function collectProgramme(
  events: ProgrammeStream,
): Promise<Plain<VideoCaptionsReplyDto>> {
  const segments: Plain<SegmentDto>[] = [];
  let head: ProgrammeHead | undefined;
  for await (const event of events) {
    if (event.type === 'head') head = event.head;
    else if (event.type === 'segment') segments.push(presentSegment(event.segment));
    else if (event.type === 'done' && head) {
      const { usage, timings } = event;
      return {
        ...head,
        segments,
        usage: presentUsage([usage]),
        timings: presentTimings(timings),
      };
    }
  }
  throw new Error('The programme ended before its result.');
}

/** The whole reply as a WebVTT track; segments of which nothing was written are left out. */
export async function collectTrack(events: ProgrammeStream, language: Language): Promise<string> {
  const cues: Cue[] = [];
  let model = '';
  for await (const event of events) {
    if (event.type === 'head') model = event.head.model;
    if (event.type !== 'segment') continue;
    const { startSeconds, endSeconds, texts } = event.segment;
    for (const { text } of texts) cues.push({ startSeconds, endSeconds, text });
  }
  return formatWebVtt({ language, model, cues });
}

/** The reply piece by piece, as server-sent events. */
export async function* toProgrammeMessages(events: ProgrammeStream): AsyncGenerator<SseMessage> {
  for await (const event of events) {
    switch (event.type) {
      case 'head':
        yield eventMessage('media', event.head);
        break;
      case 'text-delta': {
        const { startSeconds: start } = event.range;
        yield eventMessage('text-delta', {
          start,
          language: event.language.code,
          text: event.text,
        });
        break;
      }
      case 'segment':
        yield eventMessage('segment', presentSegment(event.segment));
        break;
      case 'done':
        yield eventMessage('usage', presentUsage([event.usage]));
        yield eventMessage('done', { timings: presentTimings(event.timings) });
        break;
    }
  }
}
