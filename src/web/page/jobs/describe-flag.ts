import { t } from '../locales/locale.js';

/** The name of a flag in the page language. A flag that this page does not know keeps the name of the service. */
export function describeFlag(flag: string): string {
  return t().jobs.flags[flag] ?? flag.replaceAll('_', ' ');
}
