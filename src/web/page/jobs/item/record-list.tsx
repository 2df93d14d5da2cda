import { t } from '../../locales/locale.js';
import type { Item } from '../job-types.js';

/** The record of the catalogue, and where the file is. */
export function RecordList({ item }: { readonly item: Item }) {
  const { record } = t().jobs;
  const rows = [
    [record.identifier, item.identifier],
    ...(item.source === item.identifier ? [] : [[record.source, item.source]]),
    ...Object.entries(item.record).filter(([, value]) => value !== ''),
  ];
  return (
    <dl class="record-list" aria-label={record.title}>
      {rows.map(([name, value], index) => (
        <div key={index}>
          <dt>{name}</dt>
          <dd dir="auto">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
