import { MAX_TEMPLATE_VARIABLES, MAX_TEMPLATE_VARIABLES_LENGTH } from '../../config/limits.js';
import { RESERVED_VARIABLES, type TemplateVariables } from '../../language/chat-template.js';
import { invalidParameter, isAbsent, readObject } from './request-body.js';

const PARAMETER = 'chat_template_kwargs';
const NAME = /^[A-Za-z_]\w{0,63}$/;

const MAX_DEPTH = 8;

/** Whether all names, those of nested objects too, are plain, because a template may print them. Bounds the depth. */
function isPlain(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return true;
  const areNames = Array.isArray(value) || Object.keys(value).every((name) => NAME.test(name));
  return (
    areNames && depth < MAX_DEPTH && Object.values(value).every((item) => isPlain(item, depth + 1))
  );
}

/**
 * Variables for the chat template, such as `date_string` or `enable_thinking`, as vLLM accepts them.
 *
 * @throws INVALID_PARAMETER for names that are reserved or malformed, and for too many or too long variables
 */
export function readTemplateVariables(value: unknown): TemplateVariables {
  if (isAbsent(value)) return {};
  const variables = readObject(value, PARAMETER);
  const names = Object.keys(variables);
  if (names.length > MAX_TEMPLATE_VARIABLES) {
    throw invalidParameter(PARAMETER, `must have at most ${MAX_TEMPLATE_VARIABLES} names.`);
  }
  if (!isPlain(variables)) {
    throw invalidParameter(
      PARAMETER,
      `must have names of letters, digits and underscores, and at most ${MAX_DEPTH} levels.`,
    );
  }
  if (JSON.stringify(variables).length > MAX_TEMPLATE_VARIABLES_LENGTH) {
    throw invalidParameter(
      PARAMETER,
      `must have at most ${MAX_TEMPLATE_VARIABLES_LENGTH} characters as JSON.`,
    );
  }
  const reserved = names.find((name) => RESERVED_VARIABLES.has(name));
  if (reserved !== undefined) {
    throw invalidParameter(`${PARAMETER}.${reserved}`, 'is set by the service. Leave it out.');
  }
  return variables;
}
