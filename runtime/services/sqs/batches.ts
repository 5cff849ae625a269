/** Batches: up to ten entries with ids of their own, each of which succeeds or fails alone. */
import type { BatchResultErrorEntry } from '@aws-sdk/client-sqs';
import { AwsError } from '../../base/errors';
import { emptyBatch, idsNotDistinct, invalidEntryId, tooManyEntries } from './errors';

const mostEntries = 10;

/** @throws EmptyBatchRequest, TooManyEntriesInBatchRequest, InvalidBatchEntryId, BatchEntryIdsNotDistinct */
export function checkEntries<E extends { Id: string | undefined }>(entries: readonly E[] | undefined): readonly E[] {
  if (!entries?.length) throw emptyBatch();
  if (entries.length > mostEntries) throw tooManyEntries(entries.length);
  const seen = new Set<string>();
  for (const { Id = '' } of entries) {
    if (!/^[\w-]{1,80}$/.test(Id)) throw invalidEntryId();
    if (seen.has(Id)) throw idsNotDistinct(Id);
    seen.add(Id);
  }
  return entries;
}

/** How an entry that failed is reported. Defects of this runtime fail the whole request. */
export function failureOf(id: string, error: unknown): BatchResultErrorEntry {
  if (!(error instanceof AwsError)) throw error;
  return { Id: id, SenderFault: error.fault === 'client', Code: error.code, Message: error.message };
}

/** Runs entries one after the other. */
export async function runEntries<E extends { Id: string | undefined }, R>(
  entries: readonly E[],
  run: (entry: E) => Promise<R>,
): Promise<{ Successful: (R & { Id: string })[]; Failed: BatchResultErrorEntry[] }> {
  const Successful: (R & { Id: string })[] = [];
  const Failed: BatchResultErrorEntry[] = [];
  for (const entry of entries) {
    const Id = entry.Id!;
    try {
      Successful.push({ ...(await run(entry)), Id });
    } catch (error) {
      Failed.push(failureOf(Id, error));
    }
  }
  return { Successful, Failed };
}
