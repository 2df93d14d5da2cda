import type { JsonObject } from '../read-parameter.js';
import type { Unsupported } from '../reject-unsupported.js';

const isEmptyList = (value: unknown) => Array.isArray(value) && value.length === 0;
const isNoTool = (value: unknown) => value === 'none' || value === 'auto';
const NO_TOOLS = 'asks for tools, which this service does not call.';

/** What chats alone may ask for, and this service cannot do. */
export const UNSUPPORTED_IN_CHATS: readonly Unsupported[] = [
  {
    parameter: 'response_format',
    isHarmless: (value) => (value as JsonObject)['type'] === 'text',
    rule: 'must be of type text.',
  },
  {
    parameter: 'modalities',
    isHarmless: (value) => Array.isArray(value) && value.every((one) => one === 'text'),
    rule: 'must hold text only.',
  },
  { parameter: 'tools', isHarmless: isEmptyList, rule: NO_TOOLS },
  { parameter: 'functions', isHarmless: isEmptyList, rule: NO_TOOLS },
  { parameter: 'tool_choice', isHarmless: isNoTool, rule: NO_TOOLS },
  { parameter: 'function_call', isHarmless: isNoTool, rule: NO_TOOLS },
];
