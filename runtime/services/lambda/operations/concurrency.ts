/** Reserved concurrency and the account's limits. Source: Lambda developer guide, "Configuring reserved concurrency". */
import type * as Lambda from '@aws-sdk/client-lambda';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import type { Reader } from '../../../store/port';
import { invalidParameter, invalidValue } from '../errors';
import { ACCOUNT_CONCURRENCY } from '../execution/fleet';
import { functionKey, functionName } from '../names';
import { getFunction } from '../resolution';
import { CODE_LIMITS } from '../settings';
import { functions, layers, versions } from '../state';

/** What reservations must leave to the functions without one. */
const LEAST_UNRESERVED = 100;
/** Bytes of all packages of an account in a region. */
const TOTAL_CODE_BYTES = 80_530_636_800;

export const concurrencyHandlers: Handlers<typeof Lambda> = {
  async PutFunctionConcurrency(call, input) {
    const of = { ...functionName(call, input.FunctionName), qualifier: undefined };
    const reserved = input.ReservedConcurrentExecutions;
    if (reserved === undefined || reserved < 0) {
      throw invalidValue('reservedConcurrentExecutions', reserved, 'Member must have value greater than or equal to 0');
    }
    await call.kernel.store.write(async (tx) => {
      const row = await getFunction(tx, of);
      const others = (await reservedIn(tx, call)) - (row.reservedConcurrency ?? 0);
      if (ACCOUNT_CONCURRENCY - others - reserved < LEAST_UNRESERVED) {
        throw invalidParameter(
          `Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [${LEAST_UNRESERVED}].`,
        );
      }
      tx.put(functions, functionKey(of), { ...row, reservedConcurrency: reserved });
    });
    return { ReservedConcurrentExecutions: reserved };
  },

  async GetFunctionConcurrency(call, input) {
    const of = { ...functionName(call, input.FunctionName), qualifier: undefined };
    return { ReservedConcurrentExecutions: (await getFunction(call.kernel.store, of)).reservedConcurrency };
  },

  async DeleteFunctionConcurrency(call, input) {
    const of = { ...functionName(call, input.FunctionName), qualifier: undefined };
    await call.kernel.store.write(async (tx) => {
      const { reservedConcurrency: _, ...row } = await getFunction(tx, of);
      tx.put(functions, functionKey(of), row);
    });
    return {};
  },

  async GetAccountSettings(call) {
    const { store } = call.kernel;
    const within = [call.account, call.region];
    let codeBytes = 0;
    for await (const { value } of store.scan(versions, { within })) codeBytes += value.code.blob.sizeBytes;
    for await (const { value } of store.scan(layers, { within })) codeBytes += value.code.blob.sizeBytes;
    let count = 0;
    for await (const _ of store.scan(functions, { within })) count++;
    return {
      AccountLimit: {
        TotalCodeSize: TOTAL_CODE_BYTES,
        CodeSizeUnzipped: CODE_LIMITS.unpackedBytes,
        CodeSizeZipped: CODE_LIMITS.zippedBytes,
        ConcurrentExecutions: ACCOUNT_CONCURRENCY,
        UnreservedConcurrentExecutions: ACCOUNT_CONCURRENCY - (await reservedIn(store, call)),
      },
      AccountUsage: { TotalCodeSize: codeBytes, FunctionCount: count },
    };
  },
};

async function reservedIn(reader: Reader, { account, region }: Call): Promise<number> {
  let reserved = 0;
  for await (const { value } of reader.scan(functions, { within: [account, region] })) {
    reserved += value.reservedConcurrency ?? 0;
  }
  return reserved;
}
