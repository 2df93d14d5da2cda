import type { ImportConflict, ImportReport } from './import-texts.js';

/** The report of an import with the field names of the HTTP API. */
export function importJson({ conflicts, group, ...report }: ImportReport): object {
  const isEmpty = report.accepted + report.edited + report.rejected === 0;
  return { ...report, conflicts: conflicts.map(conflictJson), group: isEmpty ? null : group };
}

function conflictJson({ reviewedAt, ...conflict }: ImportConflict): object {
  const time = reviewedAt !== undefined && { reviewed_at: new Date(reviewedAt).toISOString() };
  return { ...conflict, ...time };
}
