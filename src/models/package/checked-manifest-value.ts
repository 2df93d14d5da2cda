import { checkOneOf, checkString } from './checked-json.js';
import { invalidModel } from './invalid-model.js';
import { PACKAGE_FILES } from './manifest.js';

/**
 * Sizes several times those of every model known. Buffers are made from them before a graph is opened, so a
 * manifest that asks for more is refused.
 */
export const LAYERS = { min: 1, max: 1 << 10 };
export const HEADS = { min: 1, max: 1 << 10 };
export const WIDTH = { min: 1, max: 1 << 18 };
export const POSITIONS = { min: 1, max: 1 << 20 };
export const VOCABULARY = { min: 1, max: 1 << 20 };
export const PIXELS = { min: 1, max: 1 << 12 };
export const TOKEN = { min: 0, max: VOCABULARY.max };
export const FACTOR = { min: 1e-9, max: 1e9 };

/** @throws MODEL_INVALID unless the value is a text of 1 to 256 characters that a terminal shows as they are. */
export function checkText(value: unknown, label: string): string {
  const text = checkString(value, label, 256);
  if (/\p{C}/u.test(text)) throw invalidModel(`${label} holds control characters`);
  return text;
}

/** @throws MODEL_INVALID unless the value is this many digits of lower-case hex. */
export function checkHex(value: unknown, label: string, digits: number): string {
  if (typeof value !== 'string' || value.length !== digits || !/^[0-9a-f]+$/.test(value)) {
    throw invalidModel(`${label} must be ${digits} digits of hex`);
  }
  return value;
}

/** @throws MODEL_INVALID unless a package may hold a file of this name. */
export function checkFileName(name: string, label: string): string {
  return checkOneOf(name, `a name in ${label}`, Object.values(PACKAGE_FILES));
}
