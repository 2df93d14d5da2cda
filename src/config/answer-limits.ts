/** Limits of what a request may ask of the text of an answer, with their reasons. */

/** UTF-8 bytes of the JSON Schema of a request. */
export const MAX_SCHEMA_BYTES = 65_536;

/** Stop strings per request. OpenAI's API allows four. */
export const MAX_STOP_STRINGS = 8;

/** Stop tokens, and tokens with a bias, per request: more than clients use, and few for each decode step. */
export const MAX_STOP_TOKENS = 64;
export const MAX_LOGIT_BIASES = 512;

/** Characters of a stop string. Each stop string is searched at every decode step. */
export const MAX_STOP_LENGTH = 64;
