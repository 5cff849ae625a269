/**
 * Function URLs: made, told of, changed, deleted. Answering them is `urls.ts`. Source: Lambda API reference,
 * "CreateFunctionUrlConfig"; developer guide, "Creating and managing Lambda function URLs".
 */
import type * as Lambda from '@aws-sdk/client-lambda';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import type { Key, Reader } from '../../../store/port';
import { conflict, invalidParameter, invalidValue, noSuchResource, unsupported } from '../errors';
import { type FunctionName, functionKey, functionName, qualifiedArn } from '../names';
import { resolve } from '../resolution';
import { functions, LATEST, type UrlCors, type UrlRow, urlIds, urls } from '../state';
import { urlOf } from '../urls';

interface Named {
  readonly FunctionName?: string;
  readonly Qualifier?: string;
}

/** @throws InvalidParameterValueException for a version: URLs belong to functions and aliases */
function named(call: Call, { FunctionName, Qualifier }: Named): FunctionName {
  const of = functionName(call, FunctionName, Qualifier);
  if (of.qualifier !== undefined && (of.qualifier === LATEST || /^\d+$/.test(of.qualifier)))
    throw invalidParameter('Qualifier must be the name of an alias.');
  return of;
}

const keyOf = (of: FunctionName): Key => [...functionKey(of), of.qualifier ?? ''];

async function ask(call: Call, of: FunctionName, authType: string | undefined): Promise<void> {
  const row = await call.kernel.store.get(functions, functionKey(of));
  const keys = { 'lambda:FunctionUrlAuthType': authType };
  const resource = qualifiedArn({ ...of, qualifier: undefined });
  await call.authorize({ action: `lambda:${call.operation}`, resource, keys, resourceTags: row?.tags });
}

function checkAuth(authType: string | undefined): UrlRow['authType'] {
  if (authType === 'AWS_IAM' || authType === 'NONE') return authType;
  throw invalidValue('authType', authType, 'Member must satisfy enum value set: [NONE, AWS_IAM]');
}

function checkMode(mode: string | undefined): void {
  if (mode !== undefined && mode !== 'BUFFERED')
    throw unsupported(`InvokeMode ${mode}`, 'answers of function URLs are not streamed');
}

function checkCors(cors: Lambda.Cors | undefined): UrlCors | undefined {
  const wrong = cors?.AllowMethods?.find((method) => !/^(GET|PUT|HEAD|POST|PATCH|DELETE|\*)$/.test(method));
  if (wrong)
    throw invalidValue(
      'cors.allowMethods',
      wrong,
      'Member must satisfy enum value set: [GET, PUT, HEAD, POST, PATCH, DELETE, *]',
    );
  if (cors?.MaxAge !== undefined && (cors.MaxAge < 0 || cors.MaxAge > 86_400))
    throw invalidValue('cors.maxAge', cors.MaxAge, 'Member must have value less than or equal to 86400');
  return cors && Object.keys(cors).length > 0 ? (cors as UrlCors) : undefined;
}

async function needUrl(from: Reader, of: FunctionName): Promise<UrlRow> {
  const row = await from.get(urls, keyOf(of));
  if (!row) throw noSuchResource();
  return row;
}

const shown = (of: FunctionName, row: UrlRow) => ({
  FunctionUrl: urlOf(row),
  FunctionArn: qualifiedArn({ ...of, qualifier: row.qualifier }),
  AuthType: row.authType,
  Cors: row.cors as Lambda.Cors | undefined,
  InvokeMode: 'BUFFERED' as const,
  CreationTime: new Date(row.created).toISOString(),
  LastModifiedTime: new Date(row.modified).toISOString(),
});

export const urlHandlers: Handlers<typeof Lambda> = {
  async CreateFunctionUrlConfig(call, input) {
    const of = named(call, input);
    await ask(call, of, input.AuthType);
    checkMode(input.InvokeMode);
    const { account, region, name, qualifier } = of;
    const row: UrlRow = {
      id: call.kernel.random.mixed(32).toLowerCase(),
      account,
      region,
      name,
      qualifier,
      authType: checkAuth(input.AuthType),
      cors: checkCors(input.Cors),
      created: call.now,
      modified: call.now,
    };
    await call.kernel.store.write(async (tx) => {
      await resolve(tx, of);
      if (await tx.get(urls, keyOf(of)))
        throw conflict(
          `Failed to create function url config for [functionArn = ${qualifiedArn(of)}]. Error message:  FunctionUrlConfig exists for this Lambda function`,
        );
      tx.put(urls, keyOf(of), row);
      tx.put(urlIds, [row.id], keyOf(of));
    });
    return shown(of, row);
  },

  async UpdateFunctionUrlConfig(call, input) {
    const of = named(call, input);
    await ask(call, of, input.AuthType);
    checkMode(input.InvokeMode);
    const cors = checkCors(input.Cors);
    const row = await call.kernel.store.write(async (tx) => {
      const before = await needUrl(tx, of);
      const authType = input.AuthType === undefined ? before.authType : checkAuth(input.AuthType);
      const after = { ...before, authType, cors: input.Cors === undefined ? before.cors : cors, modified: call.now };
      tx.put(urls, keyOf(of), after);
      return after;
    });
    return shown(of, row);
  },

  async GetFunctionUrlConfig(call, input) {
    const of = named(call, input);
    const row = await needUrl(call.kernel.store, of);
    await ask(call, of, row.authType);
    return shown(of, row);
  },

  async ListFunctionUrlConfigs(call, input) {
    const of = named(call, input);
    await ask(call, of, undefined);
    await resolve(call.kernel.store, { ...of, qualifier: undefined });
    const rows = await call.kernel.store.page(urls, { within: functionKey(of) });
    return { FunctionUrlConfigs: rows.map(({ value }) => shown(of, value)) };
  },

  async DeleteFunctionUrlConfig(call, input) {
    const of = named(call, input);
    const found = await needUrl(call.kernel.store, of);
    await ask(call, of, found.authType);
    await call.kernel.store.write(async (tx) => {
      const row = await needUrl(tx, of);
      tx.delete(urls, keyOf(of));
      tx.delete(urlIds, [row.id]);
    });
    return {};
  },
};
