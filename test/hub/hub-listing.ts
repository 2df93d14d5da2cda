import type { FileHashes } from './file-hashes.js';
import type { SyntheticFile } from './synthetic-checkpoint.js';

/** A repository of the fake hub. */
export interface HubRepository {
  /** `owner/name` */
  readonly repository: string;
  /** Files by path. A path may be hostile. */
  readonly files: ReadonlyMap<string, SyntheticFile>;
  /** Whether files need access. The metadata of a gated model is public. */
  readonly access: 'open' | 'gated';
}

const POINTER_BYTES = 135;
const FOLDER_SHA1 = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';
const ENTRIES_PER_PAGE = 5;

/** The metadata of a model in the hub's API. */
export function describeRepository(
  { repository, files, access }: HubRepository,
  commit: string,
  hashes: ReadonlyMap<string, FileHashes>,
): Record<string, unknown> {
  return {
    _id: '66ebbdc85b5ba7bd28d1c3a1',
    id: repository,
    modelId: repository,
    author: repository.split('/')[0],
    sha: commit,
    lastModified: '2025-10-22T09:13:24.000Z',
    createdAt: '2025-03-28T10:00:00.000Z',
    private: false,
    gated: access === 'gated' ? 'auto' : false,
    disabled: false,
    downloads: 1,
    likes: 1,
    pipeline_tag: 'text-generation',
    library_name: 'transformers',
    tags: ['transformers', 'safetensors', 'license:apache-2.0'],
    cardData: { license: 'apache-2.0' },
    siblings: [...files].map(([path, file]) => {
      const { lfs, oid, size } = describeFile(path, file, hashes.get(path)!);
      return {
        rfilename: path,
        blobId: oid,
        size,
        ...(lfs && { lfs: { sha256: lfs.oid, size, pointerSize: lfs.pointerSize } }),
      };
    }),
  };
}

/** A page of the listing of a repository or of one of its folders, recursive or not, and the URL of the next page. */
export function listPage(
  { files }: HubRepository,
  hashes: ReadonlyMap<string, FileHashes>,
  address: URL,
): { page: unknown[]; next: string | null } {
  const isRecursive = address.searchParams.get('recursive') === 'true';
  const [, folder = ''] = /\/tree\/[^/]+\/(.+)$/.exec(address.pathname) ?? [];
  const prefix = folder === '' ? '' : `${folder}/`;
  const entries = [...files]
    .filter(([path]) => path.startsWith(prefix))
    .filter(([path]) => isRecursive || !path.slice(prefix.length).includes('/'))
    .map(([path, file]): unknown => describeFile(path, file, hashes.get(path)!));
  const folders = new Set([...files.keys()].flatMap((path) => path.split('/').slice(0, -1)));
  if (!isRecursive && folder === '') {
    entries.unshift(
      ...[...folders].map((path) => ({ type: 'directory', oid: FOLDER_SHA1, size: 0, path })),
    );
  }
  const start = Number(address.searchParams.get('cursor') ?? 0);
  const end = start + ENTRIES_PER_PAGE;
  address.searchParams.set('cursor', `${end}`);
  return { page: entries.slice(start, end), next: end < entries.length ? address.href : null };
}

function describeFile(path: string, file: SyntheticFile, hashes: FileHashes) {
  return {
    type: 'file',
    oid: hashes.gitSha1,
    size: file.size,
    path,
    ...(file.storage === 'lfs' && {
      lfs: { oid: hashes.sha256, size: file.size, pointerSize: POINTER_BYTES },
    }),
  };
}
