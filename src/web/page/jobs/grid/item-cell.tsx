import { useSignal } from '@preact/signals';

import { formatTime } from '../../media/frame-times.js';
import { t } from '../../locales/locale.js';
import { formatAddress } from '../../shell/address.js';
import { FlagIcon, ImageIcon, VideoIcon } from '../../shell/icons.js';
import type { JobFilter } from '../job-filter.js';
import type { ItemSummary } from '../job-types.js';
import { thumbnailUrl } from '../jobs-api.js';
import { describeFlag } from '../describe-flag.js';

interface ItemCellProps {
  readonly job: string;
  readonly filter: JobFilter;
  /** Undefined until it is loaded. */
  readonly item: ItemSummary | undefined;
  readonly index: number;
  readonly total: number;
  readonly tabIndex: 0 | -1;
  readonly onFocus: () => void;
  readonly style: Readonly<Record<string, string>>;
}

/** A cell of the grid: a link to the item with its thumbnail, state, flags and text. */
export function ItemCell({ item, job, filter, index, total, tabIndex, ...props }: ItemCellProps) {
  return (
    <li
      class="item-cell"
      data-index={index}
      aria-setsize={total}
      aria-posinset={index + 1}
      style={props.style}
    >
      {item ? (
        <a
          href={formatAddress({ space: 'jobs', view: 'item', job, item: item.id, filter })}
          tabIndex={tabIndex}
          onFocus={props.onFocus}
        >
          <CellPicture key={item.id} item={item} job={job} />
          <span class="item-cell-title">{item.title || item.identifier}</span>
          <CellMarks item={item} />
          <span class="item-cell-text">{item.text}</span>
        </a>
      ) : (
        <span class="item-cell-picture" />
      )}
    </li>
  );
}

function CellPicture({ item, job }: { readonly item: ItemSummary; readonly job: string }) {
  const isBroken = useSignal(false);
  return (
    <span class="item-cell-picture">
      {isBroken.value ? (
        item.kind === 'video' ? (
          <VideoIcon />
        ) : (
          <ImageIcon />
        )
      ) : (
        <img
          src={thumbnailUrl(job, item.id)}
          alt=""
          loading="lazy"
          decoding="async"
          draggable={false}
          onError={() => {
            isBroken.value = true;
          }}
        />
      )}
      {item.kind === 'video' && item.duration !== undefined && (
        <span class="item-cell-duration">{formatTime(item.duration)}</span>
      )}
    </span>
  );
}

/** State of an item in words, and its first flag. */
function CellMarks({ item }: { readonly item: ItemSummary }) {
  const [flag, ...further] = item.flags;
  return (
    <span class="item-cell-marks">
      <span class={`item-mark item-mark-${markOf(item)}`}>{t().jobs.marks[markOf(item)]}</span>
      {flag !== undefined && (
        <span class="item-mark item-mark-flag">
          <FlagIcon />
          {describeFlag(flag)}
          {further.length > 0 && ` +${further.length}`}
        </span>
      )}
    </span>
  );
}

/** The state of an item in one word: its work while that is not done, then its review. */
export function markOf({ state, review }: Pick<ItemSummary, 'state' | 'review'>) {
  return state === 'done' ? review : state;
}
