import { en as jobs } from './jobs/en.js';

/**
 * The English texts of the page, and the shape of every translation. Functions take the numbers and names of a
 * sentence. In `errors.byCode`, `{facts}` becomes the value and the limit in parentheses, or nothing if the service
 * sends neither.
 */
export const en = {
  header: {
    interfaceLanguage: 'Page language',
    documentation: 'API',
  },
  service: {
    connecting: 'Connecting to the service…',
    loading: (step: string) => `Preparing the model: ${step}…`,
    failed: 'No model is available. Contact the administrator of this service.',
    unreachable:
      'The service is not responding. It may be restarting. This page retries automatically.',
    offline: 'This device is offline.',
    ready: 'Ready',
    tryNow: 'Retry now',
    locked: 'This service needs an API key. The administrator of the service can give you one.',
    keyLabel: 'API key',
    useKey: 'Use this key',
    wrongKey: 'This key is not valid, or there were too many attempts.',
    /** Shown next to the page name; one or two words. */
    states: {
      connecting: 'Connecting…',
      loading: 'Preparing…',
      failed: 'No model',
      locked: 'Key needed',
      unreachable: 'Not responding',
    },
    /** Inserted into `loading`, keyed by the step name that the service sends. */
    steps: {
      starting: 'starting',
      restarting: 'restarting',
      converting: 'converting the checkpoint (first start only)',
      verifying: 'verifying its files',
      loading: 'loading it into memory',
    } as Partial<Record<string, string>>,
  },
  demo: {
    label: 'Demo model: cartoons only',
    text: 'Captions of photographs are random.',
    realModel: 'Use the real model',
    realModelCommand:
      'Run this command on the server. It downloads 16 GB, needs 6.3 GB of disk space in int4, and starts the service:',
    copyCommand: 'Copy command',
  },
  tabs: { title: 'Tasks', captions: 'Captions', ask: 'Ask', jobs: 'Jobs' },
  jobs,
  media: {
    title: 'Images and videos',
    drop: 'Drop images or videos here',
    paste: 'or paste them, or choose files:',
    choose: 'Choose files',
    add: 'Add files',
    samples: 'Try a sample',
    useSample: (name: string) => `Use sample ${name}`,
    remove: (name: string) => `Remove ${name}`,
    clear: 'Remove all',
    select: (name: string) => `Show ${name}`,
    dropHere: 'Drop to add',
    tooMany: (limit: number) => `The limit is ${limit} files. The other files were not added.`,
    unknownKind: (name: string) => `${name} was not added: it is neither an image nor a video.`,
    noVideos: (name: string) => `${name} was not added: the loaded model takes no videos.`,
    loading: 'Loading the preview…',
    unreadable: 'Neither this browser nor the service can read this file.',
    noPreview: 'No preview available. The service will check whether it can read this file.',
    preview: (name: string) => `Preview of ${name}`,
    frames: 'Video frames',
    frameAt: (time: string) => `Frame at ${time}`,
  },
  report: {
    title: 'Processing details',
    showTiles: 'Show tiles',
    tiles: (tiles: number) =>
      tiles === 1
        ? '1 tile: the whole image'
        : `${tiles} tiles: the whole image and ${tiles - 1} ${tiles === 2 ? 'section' : 'sections'}`,
    grid: (rows: number, columns: number) => `${rows} × ${columns} tiles`,
    frames: (frames: number, requested: number) =>
      frames !== requested
        ? `${frames} of ${requested} frames`
        : frames === 1
          ? '1 frame'
          : `${frames} frames`,
    tokensTitle: 'Tokens',
    tokens: (used: number, limit: number) => `${used} of ${limit} tokens`,
    tokensOfText: (language: string, texts: number) =>
      texts === 1 ? `Text: ${language}` : `Text: ${language} (largest of ${texts})`,
    tokensOfAnswer: (language: string) => `Latest answer: ${language}`,
    tokensPerSegment: 'Average of one text of one segment',
    visualTokens: 'Image or video',
    textTokens: 'Prompt text',
    answerTokens: 'Output',
    freeTokens: 'Unused',
    timeTitle: 'Time',
    mediaDecode: 'File decoding',
    tile: 'Tiling',
    encode: 'Vision encoder',
    prefill: 'Prompt (prefill)',
    decode: 'Output (decode)',
    other: 'Waiting',
    total: (time: string) => `${time} in total`,
    model: 'Model',
    precision: 'Precision',
    blank: 'This image is blank: it shows one uniform color. The texts describe nothing in it.',
    empty: 'Tiles, tokens and time appear here after the first caption or answer.',
  },
  languages: {
    title: 'Languages',
    search: 'Search languages',
    chosen: (count: number) => (count === 1 ? '1 language' : `${count} languages`),
    all: 'All',
    none: 'None',
    favorites: 'Favorites',
    favorite: (name: string) => `Favorite: ${name}`,
    change: 'Change languages',
    showAll: (count: number) => `Show all ${count}`,
    showFewer: 'Show fewer',
    noMatch: 'No language found.',
    needOne: 'Choose at least one language.',
    unknown: 'The languages appear here when a model is ready.',
    remove: (name: string) => `Remove ${name}`,
    otherLanguage: 'The text may be in another language',
    mixedLanguages: 'A part of the text may be in another language',
  },
  captions: {
    kind: 'Text type',
    kinds: {
      caption: 'Caption',
      alt: 'Alternative text',
      long: 'Description',
      keywords: 'Keywords',
    },
    detail: 'Detail',
    details: { low: 'Low (1 tile)', auto: 'Automatic', high: 'High (most tiles)' },
    granularity: 'Captions per',
    granularities: { whole: 'Whole video', shot: 'Shot', interval: 'Interval' },
    intervalSeconds: 'Interval (seconds)',
    frames: 'Frames per caption',
    write: 'Write captions',
    writeAll: (count: number) => `Write captions for all ${count} files`,
    stop: 'Stop',
    again: 'Write again',
    copy: (language: string) => `Copy ${language}`,
    copied: 'Copied',
    copyJson: 'Copy as JSON',
    downloadVtt: (language: string) => `Download VTT: ${language}`,
    waiting: 'Waiting…',
    writing: 'Writing…',
    stopped: 'Stopped',
    incomplete: 'Incomplete',
    repeated: 'Stopped because the text began to repeat',
    remaining: 'Write the remaining texts',
    copyAllJson: (count: number) => `Copy all ${count} files as JSON`,
    cut: 'Cut off at the length limit',
    empty: 'Add an image or a video, choose languages, then write captions.',
    results: 'Captions',
    segment: (start: string, end: string) => `${start} to ${end}`,
  },
  ask: {
    question: 'Question',
    placeholder: 'What is on the left?',
    send: 'Ask',
    stop: 'Stop',
    language: 'Answer language',
    you: 'You',
    model: 'Model',
    edit: 'Edit question',
    cancelEdit: 'Cancel',
    regenerate: 'New answer',
    seed: 'Seed',
    temperature: 'Temperature',
    settings: 'Settings',
    tokens: 'Show token probabilities',
    tokenProbability: (percent: string) => `${percent}%`,
    candidates: 'Candidate tokens',
    clear: 'New conversation',
    empty:
      'Ask about the images and videos, or ask without any. The model remembers the conversation.',
    about: (count: number) =>
      count === 0 ? 'No image or video' : count === 1 ? 'About 1 file' : `About ${count} files`,
    log: 'Conversation',
    copy: 'Copy answer',
    editing: 'Asking again removes the later turns.',
    automatic: 'Automatic',
    seedIs: (seed: number) => `Seed ${seed}`,
    temperatureIs: (temperature: string) => `Temperature ${temperature}`,
    tokenBar: 'Tokens (move with the arrow keys)',
    candidatesOfPart: (part: number, parts: number) => `Candidate tokens, ${part} of ${parts}`,
  },
  upload: {
    progress: (percent: number) => `Uploading: ${percent}%`,
    cancel: 'Cancel',
    processing: 'Processing…',
  },
  errors: {
    /** Errors whose code has no text in `byCode`; the sentence of the service follows. */
    refused: (code: string) => `The service reports the error ${code}.`,
    offline: 'Cannot reach the service. Check that it is running, then try again.',
    interrupted: 'The connection was lost. The text received so far is kept. Try again.',
    unknown:
      'Unexpected error. Try again. If it happens again, contact the administrator of this service.',
    retry: 'Try again',
    /** Amounts in `{facts}`. Bytes and seconds need no words: `Intl` has their units. */
    amounts: {
      pixels: (amount: string) => `${amount} pixels`,
      side: (amount: string) => `${amount} pixels per side`,
      channels: (amount: string) => `${amount} channels`,
      streams: (amount: string) => `${amount} streams`,
      tokens: (amount: string) => `${amount} tokens`,
      files: (amount: string) => `${amount} files`,
    },
    limit: (limit: string) => `limit: ${limit}`,
    range: (least: string, most: string) => `allowed: ${least} to ${most}`,
    byCode: {
      UNAUTHENTICATED:
        'The service asks for a key, which this page does not have. Contact its administrator.',
      FORBIDDEN: 'The service does not allow this. Contact its administrator.',
      NOT_FOUND: 'It does not exist any more, or never did. Go back and reload.',
      MEDIA_URL_REJECTED:
        'The service does not fetch files from this address. Use an address that its administrator allows.',
      MEDIA_FETCH_FAILED:
        'The service could not fetch the file from its address. Check the address, then try again.',
      REVIEW_CONFLICT: 'Another person changed this meanwhile. Reload to see the change.',
      RATE_LIMITED: 'Too many requests or files at once. Wait a moment, then try again.',
      INVALID_REQUEST: 'Invalid request. Check the settings, then try again.',
      INVALID_PARAMETER: 'Invalid setting{facts}. Change it, then try again.',
      UNKNOWN_FIELD: 'This page and the service have different versions. Reload the page.',
      MULTIPART_MALFORMED: 'The upload was damaged. Upload the file again.',
      CONTEXT_LENGTH_EXCEEDED:
        'The input is too long for the model{facts}. Use fewer files or start a new conversation.',
      REQUEST_TIMEOUT: 'The upload took too long. Try again or use a smaller file.',
      PAYLOAD_TOO_LARGE: 'The file is too large{facts}. Compress or shorten it.',
      TOO_MANY_PARTS: 'Too many files{facts}. Remove some.',
      UNSUPPORTED_MEDIA_TYPE:
        'Unsupported file type. Use JPEG, PNG, WebP, GIF, TIFF, AVIF, HEIC, JPEG 2000 or a common video format such as MP4.',
      UNSUPPORTED_FEATURE:
        'The file uses a feature of its format that is not supported. Save it as JPEG, PNG or plain TIFF.',
      MEDIA_EMPTY: 'The file is empty. Choose another file.',
      MEDIA_CORRUPT: 'The file is damaged or incomplete. Export it again or choose another file.',
      MEDIA_TOO_LARGE: 'The image or video is too large{facts}. Scale it down or shorten it.',
      MEDIA_TOO_EXPENSIVE:
        'Decoding this file takes too much time or memory. Scale it down or shorten it.',
      NO_VIDEO_STREAM: 'This file contains no video stream. Choose another file.',
      UNSUPPORTED_CODEC: 'Unsupported video codec. Convert the video to H.264.',
      NO_DECODABLE_FRAME:
        'No frame of the video could be decoded. Convert it to H.264 or choose another file.',
      VIDEO_UNAVAILABLE:
        'This service cannot read videos because ffmpeg is not installed. Contact its administrator.',
      QUEUE_FULL: 'The service is busy. Try again in a moment.',
      SHUTTING_DOWN: 'The service is shutting down. Try again later.',
      MODEL_NOT_READY: 'The model is not ready yet. Try again in a moment.',
      MODEL_INVALID: 'The model of this service is invalid. Contact its administrator.',
      MODEL_NOT_FOUND: 'The model of this service is not installed. Contact its administrator.',
      MODEL_LOAD_FAILED: 'The model of this service cannot be loaded. Contact its administrator.',
      DEADLINE_EXCEEDED:
        'The request exceeded the time limit{facts}. Choose fewer languages or files.',
      STORAGE_FULL:
        'The service has no disk space left for this file. Try again later or use a smaller file.',
      STORAGE_UNAVAILABLE:
        'The service cannot store files at the moment. Try again later or contact its administrator.',
    } as Partial<Record<string, string>>,
  },
};

/** The shape of every translation. */
export type Messages = typeof en;
