import { SalamandraError } from '../../errors/salamandra-error.js';

/** A setting, whether its value is valid, and the valid range in words. */
export type SettingRule<T> = readonly [name: keyof T & string, isValid: boolean, range: string];

/** @throws INVALID_PARAMETER for the first setting out of range. */
export function checkSettings<T>(settings: T, rules: readonly SettingRule<T>[]): void {
  const broken = rules.find(([, isValid]) => !isValid);
  if (!broken) return;
  const [parameter, , range] = broken;
  throw new SalamandraError(
    'INVALID_PARAMETER',
    `${parameter} is ${String(settings[parameter])}; it must be ${range}.`,
    { details: { parameter } },
  );
}
