/** Injection tokens for interfaces, which do not exist at run time. */
export const ENGINE = Symbol('VisionLanguageEngine');
export const VIDEO_INSPECTOR = Symbol('MediaInspector');
export const CALIBRATIONS = Symbol('FindCalibration');
export const MEDIA_FETCHER = Symbol('MediaFetcher');
export const JOBS = Symbol('JobService');
/** Bytes of an image file, a number. */
export const IMAGE_BYTES = Symbol('imageBytes');
/** Bytes of a chat body, a number. */
export const CHAT_BYTES = Symbol('chatBytes');
