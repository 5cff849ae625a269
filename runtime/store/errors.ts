/** What can go wrong with a store, by name. Each message is a sentence that an operator can act on. */

/** A data directory that cannot be used. `coffer start` prints the message and exits. */
export class DataDirectoryError extends Error {
  constructor(
    override readonly name:
      | 'DataDirectoryInUse'
      | 'DataDirectoryUnusable'
      | 'DataDirectoryForeign'
      | 'DataDirectoryNewer',
    readonly directory: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export function dataDirectoryInUse(directory: string): DataDirectoryError {
  const message = `The data directory ${directory} is open in another Coffer. Stop that one or choose another directory.`;
  return new DataDirectoryError('DataDirectoryInUse', directory, message);
}

export function dataDirectoryUnusable(directory: string, cause: unknown): DataDirectoryError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = `The data directory ${directory} cannot be used: ${reason}.`;
  return new DataDirectoryError('DataDirectoryUnusable', directory, message, { cause });
}

export function dataDirectoryForeign(directory: string): DataDirectoryError {
  const message = `The directory ${directory} holds something that is not Coffer's data. Choose an empty or a new directory.`;
  return new DataDirectoryError('DataDirectoryForeign', directory, message);
}

export function dataDirectoryNewer(directory: string, found: string, known: number): DataDirectoryError {
  const message = `The data directory ${directory} has format ${found}, and this Coffer reads up to ${known}. Use the newer Coffer that wrote it.`;
  return new DataDirectoryError('DataDirectoryNewer', directory, message);
}

/** A defect of the caller, or a store that can no longer do what it promised. */
export class StoreError extends Error {
  constructor(
    override readonly name:
      | 'KeyTooLong'
      | 'KeyInvalid'
      | 'ValueInvalid'
      | 'ValueTooLarge'
      | 'BlobGone'
      | 'BlobDamaged'
      | 'CommitFailed'
      | 'TransactionEnded'
      | 'TransactionStalled'
      | 'StoreClosed',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
