import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import type { HubPolicy } from '../../src/models/hub/retry-policy.js';
import type { HubSettings } from '../../src/models/hub/hub-settings.js';
import type { PullEvent } from '../../src/models/install/pull-events.js';
import {
  type PulledModel,
  type PullRequest,
  pullModel,
} from '../../src/models/install/pull-model.js';
import { createTemporaryFolder } from '../setup/temporary-folder.js';
import { type HubDouble, startHubDouble } from './hub-double.js';
import type { HubRepository } from './hub-listing.js';

/** Small parts, and pauses that no test has to wait for; a stall is still longer than a busy machine's nap. */
const QUICK: HubPolicy = {
  connections: 3,
  rangeBytes: 50_000,
  minWindowBytes: 1,
  windowMs: 1_500,
  maxFailures: 3,
  firstPauseMs: 5,
  maxPauseMs: 20,
  maxRetryAfterMs: 5_000,
};

/** A hub and an empty home folder. */
export interface PullFixture {
  readonly hub: HubDouble;
  readonly home: string;
  /** What was told, of all pulls. */
  readonly events: readonly PullEvent[];
  pull(changes: PullChanges): Promise<PulledModel>;
  /** Files under the home folder with their sizes, by their path in it. */
  listHome(): Map<string, number>;
  /** Bytes that the hub sent beyond one copy of each file that it sent at all. */
  sentAgain(): number;
  close(): Promise<void>;
}

/** What differs from a pull of the first repository in int8 without a token. */
export type PullChanges = Partial<PullRequest> &
  Partial<HubSettings> & {
    readonly accept?: () => Promise<boolean>;
    readonly signal?: AbortSignal;
    readonly onEvent?: (event: PullEvent) => void;
  };

/** Starts a hub of those repositories. */
export async function createPullFixture(
  repositories: readonly HubRepository[],
): Promise<PullFixture> {
  const hub = await startHubDouble(repositories);
  const folder = createTemporaryFolder();
  const home = folder.path('home');
  const events: PullEvent[] = [];
  return {
    hub,
    home,
    events,
    pull: (changes) =>
      pullModel(
        {
          home,
          repository: changes.repository ?? repositories[0]!.repository,
          revision: changes.revision ?? null,
          precision: changes.precision ?? 'int8',
          source: changes.source ?? 'delete',
        },
        {
          hub: {
            endpoint: changes.endpoint ?? hub.url,
            token: changes.token ?? null,
            network: changes.network ?? 'online',
          },
          policy: QUICK,
          accept: changes.accept ?? (() => Promise.resolve(true)),
          signal: changes.signal ?? new AbortController().signal,
          onEvent: (event) => {
            events.push(event);
            changes.onEvent?.(event);
          },
        },
      ),
    listHome: () => listFolder(home),
    sentAgain: () => {
      const sizes = new Map(repositories.flatMap(({ files }) => [...files]));
      return [...hub.sent].reduce(
        (sum, [name, bytes]) => sum + Math.max(0, bytes - (sizes.get(name)?.size ?? 0)),
        0,
      );
    },
    close: async () => {
      await hub.close();
      folder.remove();
    },
  };
}

function listFolder(folder: string): Map<string, number> {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile());
  return new Map(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(folder.length + 1), statSync(path).size];
    }),
  );
}
