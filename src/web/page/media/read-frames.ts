/** Seconds past the time that is asked for: reported times are rounded, and a hair too early is the frame before. */
const PAST_SECONDS = 0.002;

/**
 * Shows a clip's frames at some times, one after another, in a video element that is not on the page.
 *
 * @param onFrame called while the element shows the frame
 * @param signal ends the reading, and frees the decoder, at once
 * @throws Error where the browser cannot play the clip; the reason of the signal
 */
export async function readFrames(
  url: string,
  times: readonly number[],
  onFrame: (video: HTMLVideoElement, index: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const video = document.createElement('video');
  video.muted = true;
  video.playsInline = true;
  video.preload = 'auto';
  try {
    const loaded = waitFor(video, 'loadeddata', signal);
    video.src = url;
    await loaded;
    for (const [index, time] of times.entries()) {
      const sought = waitFor(video, 'seeked', signal);
      video.currentTime = Math.min(time + PAST_SECONDS, video.duration);
      await sought;
      onFrame(video, index);
    }
  } finally {
    video.removeAttribute('src');
    video.load();
  }
}

async function waitFor(
  video: HTMLVideoElement,
  event: 'loadeddata' | 'seeked',
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const done = new AbortController();
  try {
    await new Promise<void>((resolve, reject) => {
      const options = { signal: done.signal };
      video.addEventListener(event, () => resolve(), options);
      video.addEventListener(
        'error',
        () => reject(new Error('The clip cannot be played.')),
        options,
      );
      signal.addEventListener('abort', () => reject(signal.reason as Error), options);
    });
  } finally {
    done.abort();
  }
}
