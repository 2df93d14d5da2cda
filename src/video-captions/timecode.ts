import type { VideoMetadata } from '../media/probe-video.js';

/** The timecode of a video's first frame, and the frames per second that it counts. */
export interface TimecodeClock {
  readonly first: string;
  readonly frameRate: number;
}

/** Timecodes of the start and the end of a time range. */
export interface Timecodes {
  readonly start: string;
  readonly end: string;
}

/** @returns `null` for videos without a timecode or a frame rate. */
export function toTimecodeClock({ timecode, frameRate }: VideoMetadata): TimecodeClock | null {
  return timecode === null || frameRate === null ? null : { first: timecode, frameRate };
}

/** Frames per second of drop-frame timecode, nominal and real (SMPTE ST 12-1). */
const DROP_FRAME_RATES = [30, 60];

/**
 * The timecode some seconds after the first frame of a video (SMPTE ST 12-1). Drop-frame timecode leaves out the first
 * numbers of each minute except every tenth, two at 29.97 and four at 59.94 frames per second.
 *
 * @returns `HH:MM:SS:FF`, or `HH:MM:SS;FF` if frames are dropped
 */
export function timecodeAt({ first, frameRate }: TimecodeClock, seconds: number): string {
  const nominal = Math.max(Math.round(frameRate), 1);
  const isDropFrame = first.includes(';') && DROP_FRAME_RATES.includes(nominal);
  const dropped = isDropFrame ? nominal / 15 : 0;
  // Frames are counted, so the tolerance is a part of a frame, for rounded timestamps.
  const elapsed = Math.floor(seconds * frameRate + 0.1);
  const total = countFrames(first, nominal, dropped) + elapsed;
  return formatFrames(total, nominal, dropped);
}

/** The number of frames from 00:00:00:00 to a timecode. */
function countFrames(timecode: string, nominal: number, dropped: number): number {
  const [hours = 0, minutes = 0, seconds = 0, frames = 0] = timecode.split(/[:;]/).map(Number);
  const allMinutes = hours * 60 + minutes;
  const labels = (allMinutes * 60 + seconds) * nominal + frames;
  return labels - dropped * (allMinutes - Math.floor(allMinutes / 10));
}

function formatFrames(total: number, nominal: number, dropped: number): string {
  const perMinute = nominal * 60 - dropped;
  const perTenMinutes = perMinute * 10 + dropped;
  const day = perTenMinutes * 6 * 24;
  const frame = total % day;
  const tens = Math.floor(frame / perTenMinutes);
  const rest = frame % perTenMinutes;
  // The first minute of ten drops none.
  const minute = rest < perMinute + dropped ? 0 : Math.floor((rest - dropped) / perMinute);
  const label = frame + dropped * (9 * tens + minute);
  const pad = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const seconds = Math.floor(label / nominal);
  const time = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map(pad).join(':');
  return `${time}${dropped > 0 ? ';' : ':'}${pad(label % nominal)}`;
}
