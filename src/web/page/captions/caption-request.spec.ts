import { type CaptionOptions, DEFAULT_OPTIONS } from './caption-options.js';
import { captionFields, captionForm, captionPath, toCaptionRequest } from './caption-request.js';

const LANGUAGES = ['ca', 'eu'];
const FIELDS_OF_ALL = { kind: 'long', detail: 'high', intervalSeconds: 2.5, frames: 6 } as const;

const plan = (media: 'image' | 'video', options: Partial<CaptionOptions> = {}) =>
  toCaptionRequest(media, { ...DEFAULT_OPTIONS, ...FIELDS_OF_ALL, ...options }, LANGUAGES);

describe('a caption request', () => {
  it('omits frames and shots for an image', () => {
    const request = plan('image', { granularity: 'shot' });
    expect(captionPath(request)).toBe('v1/captions');
    expect(captionFields(request)).toEqual({ languages: 'ca,eu', kind: 'long', detail: 'high' });
  });

  it('omits the detail for a whole video', () => {
    const request = plan('video');
    expect(captionPath(request)).toBe('v1/captions');
    expect(captionFields(request)).toEqual({ languages: 'ca,eu', kind: 'long', num_frames: '6' });
  });

  it('uses the video route for shots, which has no kind', () => {
    const request = plan('video', { granularity: 'shot' });
    expect(captionPath(request)).toBe('v1/videos/captions');
    expect(captionFields(request)).toEqual({
      languages: 'ca,eu',
      granularity: 'shot',
      num_frames: '6',
    });
  });

  it('includes the length of the intervals', () => {
    expect(captionFields(plan('video', { granularity: 'interval' }))).toEqual({
      languages: 'ca,eu',
      granularity: 'interval',
      interval_seconds: '2.5',
      num_frames: '6',
    });
  });

  it('contains the file with its name', () => {
    const form = captionForm(plan('image'), new File(['x'], 'Fuchs – 1.png'));
    expect([...form.keys()]).toEqual(['languages', 'kind', 'detail', 'file']);
    expect((form.get('file') as File).name).toBe('Fuchs – 1.png');
  });
});
