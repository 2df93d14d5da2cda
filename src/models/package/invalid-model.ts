import { SalamandraError } from '../../errors/salamandra-error.js';

/**
 * The error for a checkpoint or package that cannot be trusted or used. `reason` is a clause written here,
 * with field names and numbers at most; whatever a library said goes into `cause`.
 */
export function invalidModel(reason: string, cause?: unknown): SalamandraError {
  return new SalamandraError('MODEL_INVALID', `The model cannot be used: ${reason}.`, {
    ...(cause !== undefined && { cause }),
  });
}
