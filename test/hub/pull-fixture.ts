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
import { type FakeHub, startFakeHub } from './fake-hub.js';
import type { HubRepository } from './hub-listing.js';

/** Small parts and short pauses. The stall limit is longer than the delays of a busy machine. */
const QUICK: HubPolicy = {
  connections: 3,
  rangeBytes: 50_000,
  minWindowBytes: 1,
  windowMs: 1_500,
  maxFailures: 3,
  firstPauseMs: 5,
  maxPauseMs: 20,
  maxBusyMs: 5_000,
};

/** A fake hub and an empty home folder. */
export interface PullFixture {
  readonly hub: FakeHub;
  readonly home: string;
  /** The events of all pulls. */
  readonly events: readonly PullEvent[];
  pull(changes: PullChanges): Promise<PulledModel>;
  /** Sizes of the files in the home folder by relative path. */
  listHome(): Map<string, number>;
  /** Bytes that the hub sent more than once. */
  sentAgain(): number;
  close(): Promise<void>;
}

/** Options of a pull. Defaults: the first repository, int8, no token. */
export type PullChanges = Partial<PullRequest> &
  Partial<HubSettings> & {
    readonly accept?: () => Promise<boolean>;
    readonly signal?: AbortSignal;
    readonly onEvent?: (event: PullEvent) => void;
  };

/** Starts a fake hub with these repositories. */
export async function createPullFixture(
  repositories: readonly HubRepository[],
): Promise<PullFixture> {
  const hub = await startFakeHub(repositories);
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
