import type { Language } from '../../language/languages.js';
import type { SseMessage } from '../response/event-stream-response.js';
import type { Plain } from '../response/media-response.js';
import { presentTimings, presentUsage } from '../response/outcome-response.js';
import { eventMessage } from '../response/send-outcome.js';
import type { VideoCaptionsEvent } from '../../video-captions/caption-video.js';
import {
  presentSegment,
  type SegmentDto,
  type VideoCaptionsReplyDto,
} from './video-captions.presenter.js';
import { type Cue, formatWebVtt } from '../../video-captions/webvtt.js';

/** What a reply says of a video before its first segment. */
type VideoCaptionsHead = Plain<
  Pick<VideoCaptionsReplyDto, 'id' | 'model' | 'media' | 'granularity'>
>;

/** What comes of a video: its head first, then what was written. */
export type VideoCaptionsStream = AsyncIterable<
  { readonly type: 'head'; readonly head: VideoCaptionsHead } | VideoCaptionsEvent
>;

/** The whole reply. */
export async function collectVideoCaptions(
  events: VideoCaptionsStream,
): Promise<Plain<VideoCaptionsReplyDto>> {
  const segments: Plain<SegmentDto>[] = [];
  let head: VideoCaptionsHead | undefined;
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
  throw new Error('The video ended before its result.');
}

/** The whole reply as a WebVTT track; segments of which nothing was written are left out. */
export async function collectTrack(
  events: VideoCaptionsStream,
  language: Language,
): Promise<string> {
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
export async function* toVideoCaptionsMessages(
  events: VideoCaptionsStream,
): AsyncGenerator<SseMessage> {
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
