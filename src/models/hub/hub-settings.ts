import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { SalamandraError } from '../../errors/salamandra-error.js';

/** Hub endpoint and token. The environment variables are those of the `huggingface_hub` client. */
export interface HubSettings {
  /** URL of the hub or a mirror without a trailing slash: `https://huggingface.co`. */
  readonly endpoint: string;
  /** Sent to the origin of `endpoint` only. */
  readonly token: string | null;
  readonly network: 'online' | 'offline';
}

const HUGGING_FACE = 'https://huggingface.co';

/**
 * Reads HF_ENDPOINT, HF_TOKEN, HF_TOKEN_PATH, HF_HOME and HF_HUB_OFFLINE. The token saved by `hf auth login` is used
 * for huggingface.co only; for a mirror, set HF_TOKEN or HF_TOKEN_PATH.
 *
 * @throws INVALID_PARAMETER naming the variable.
 */
export async function loadHubSettings(
  env: Readonly<Record<string, string | undefined>>,
): Promise<HubSettings> {
  const endpoint = parseEndpoint(env['HF_ENDPOINT'] || HUGGING_FACE);
  return {
    endpoint,
    token: parseToken(env['HF_TOKEN'] || (await readSavedToken(env, endpoint))),
    network: /^(1|on|yes|true)$/i.test(env['HF_HUB_OFFLINE'] ?? '') ? 'offline' : 'online',
  };
}

function parseEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isPlain =
    url?.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (!isPlain || !/^https?:$/.test(url.protocol)) {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      'HF_ENDPOINT must be an http or https URL without user name, query or fragment, for example https://huggingface.co.',
    );
  }
  return url.href.replace(/\/+$/, '');
}

async function readSavedToken(
  env: Readonly<Record<string, string | undefined>>,
  endpoint: string,
): Promise<string> {
  const chosen = env['HF_TOKEN_PATH'];
  if (!chosen && endpoint !== HUGGING_FACE) return '';
  const cache = env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const path = chosen || join(env['HF_HOME'] || join(cache, 'huggingface'), 'token');
  return await readFile(path, 'utf8').catch(() => '');
}

/** `null` for an empty string. Only visible ASCII is allowed because the token is sent in a header. */
function parseToken(text: string): string | null {
  const token = text.trim();
  if (/^[\x21-\x7e]*$/.test(token)) return token === '' ? null : token;
  throw new SalamandraError(
    'INVALID_PARAMETER',
    'HF_TOKEN must contain visible ASCII characters only.',
  );
}
