/** The injection token of the VisionLanguageEngine, which is an interface and has no run-time name. */
export const ENGINE = Symbol('VisionLanguageEngine');
