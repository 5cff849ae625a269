/** Reading parameters: one, several, a path, the list, the history. */
import type * as Ssm from '@aws-sdk/client-ssm';
import type { Parameter, ParameterMetadata } from '@aws-sdk/client-ssm';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import { bootstrapped } from '../bootstrap';
import { constraint, invalidToken, parameterNotFound, validation, versionNotFound } from '../errors';
import { compileFilters } from '../filters';
import { arnOf, selectedBy } from '../names';
import { open } from '../secrets';
import { readParameter, readVersion, scanParameters, type VersionRow, versionsOf } from '../state';

interface Found {
  readonly row: VersionRow;
  readonly selector?: string;
}

/** @throws ParameterNotFound, ParameterVersionNotFound */
async function find(call: Call, text: string): Promise<Found> {
  const { names, selector } = selectedBy(call, text);
  for (const name of names) {
    const row = await versionOf(call, name, selector);
    if (row) return { row, selector };
  }
  throw parameterNotFound();
}

async function versionOf(call: Call, name: string, selector: string | undefined): Promise<VersionRow | undefined> {
  const { store } = call.kernel;
  const parameter = await readParameter(store, call, name);
  if (!parameter) return selector === undefined ? bootstrapped(name, call.now) : undefined;
  if (selector === undefined) return readVersion(store, call, name, parameter.latest);
  const row = /^\d+$/.test(selector)
    ? await readVersion(store, call, name, Number(selector))
    : (await versionsOf(store, call, name)).find(({ labels }) => labels.includes(selector));
  if (!row) throw versionNotFound(name, selector);
  return row;
}

async function plainValue(call: Call, row: VersionRow, decrypt: boolean | undefined): Promise<string> {
  if (row.type !== 'SecureString' || !decrypt) return row.value;
  return open(call, arnOf(call, row.name), row.tier, row.value);
}

async function answer(call: Call, { row, selector }: Found, decrypt: boolean | undefined): Promise<Parameter> {
  return {
    Name: row.name,
    Type: row.type,
    Value: await plainValue(call, row, decrypt),
    Version: row.version,
    Selector: selector === undefined ? undefined : `:${selector}`,
    LastModifiedDate: new Date(row.modified),
    ARN: arnOf(call, row.name),
    DataType: row.dataType,
  };
}

const metadata = (row: VersionRow): Omit<ParameterMetadata, 'ARN'> => ({
  Name: row.name,
  Type: row.type,
  KeyId: row.keyId,
  LastModifiedDate: new Date(row.modified),
  LastModifiedUser: row.modifiedBy,
  Description: row.description,
  AllowedPattern: row.allowedPattern,
  Version: row.version,
  Tier: row.tier,
  Policies: [],
  DataType: row.dataType,
});

function pageSize(size: number | undefined, most: number): number {
  if (size !== undefined && (size < 1 || size > most))
    throw constraint('maxResults', size, `have value between 1 and ${most}`);
  return size ?? most;
}

const tokenPrefix = 'after ';
const writeToken = (last: string) => Buffer.from(tokenPrefix + last).toString('base64');
function readToken(token: string | undefined): string | undefined {
  if (token === undefined) return undefined;
  const text = Buffer.from(token, 'base64').toString();
  if (!text.startsWith(tokenPrefix)) throw invalidToken();
  return text.slice(tokenPrefix.length);
}

/** The next page of what matches, and the token of the one after it. */
async function pageOf<T>(limit: number, rows: AsyncIterable<T | undefined>, name: (row: T) => string) {
  const page: T[] = [];
  for await (const row of rows) {
    if (row === undefined) continue;
    if (page.length === limit) return { page, token: writeToken(name(page[limit - 1])) };
    page.push(row);
  }
  return { page, token: undefined };
}

export const readingHandlers = {
  async GetParameter(call, input) {
    return { Parameter: await answer(call, await find(call, input.Name!), input.WithDecryption) };
  },

  async GetParameters(call, input) {
    const names = input.Names!;
    if (names.length < 1 || names.length > 10) throw constraint('names', `[${names}]`, 'have length between 1 and 10');
    const Parameters: Parameter[] = [];
    const InvalidParameters: string[] = [];
    for (const name of new Set(names)) {
      const found = await find(call, name).catch((error: Error) => {
        if (error.name !== 'ParameterNotFound' && error.name !== 'ParameterVersionNotFound') throw error;
      });
      if (found) Parameters.push(await answer(call, found, input.WithDecryption));
      else InvalidParameters.push(name);
    }
    return { Parameters, InvalidParameters };
  },

  async GetParametersByPath(call, input) {
    const { store } = call.kernel;
    const path = input.Path!;
    if (!path.startsWith('/'))
      throw validation(
        'The parameter path doesn\'t meet the parameter name requirements. It must begin with a forward slash "/". It can\'t be prefixed with "aws" or "ssm" (case-insensitive). It must use only letters, numbers, or the following symbols: . (period), - (hyphen), _ (underscore).',
      );
    const prefix = path.endsWith('/') ? path : `${path}/`;
    const matches = compileFilters(input.ParameterFilters, ['Type', 'KeyId', 'Label']);
    const label = input.ParameterFilters?.find(({ Key }) => Key === 'Label')?.Values;
    const limit = pageSize(input.MaxResults, 10);
    async function* candidates() {
      for await (const parameter of scanParameters(store, call, prefix, readToken(input.NextToken))) {
        const { name } = parameter;
        if (!input.Recursive && name.slice(prefix.length).includes('/')) continue;
        const row = label
          ? (await versionsOf(store, call, name)).find(({ labels }) => labels.some((one) => label.includes(one)))
          : await readVersion(store, call, name, parameter.latest);
        if (row && matches(row, parameter.tags)) yield row;
      }
    }
    const { page, token } = await pageOf(limit, candidates(), (row) => row.name);
    const Parameters: Parameter[] = [];
    for (const row of page) Parameters.push(await answer(call, { row }, input.WithDecryption));
    return { Parameters, NextToken: token };
  },

  async DescribeParameters(call, input) {
    const { store } = call.kernel;
    if (input.Filters?.length && input.ParameterFilters?.length)
      throw validation('You can use either Filters or ParameterFilters in a single request.');
    const matches = input.Filters?.length
      ? compileFilters(
          input.Filters.map((filter) => ({ ...filter, Option: 'Equals' })),
          ['Name', 'Type', 'KeyId'],
        )
      : compileFilters(input.ParameterFilters, ['Name', 'Type', 'KeyId', 'Path', 'Tier', 'DataType', 'tag']);
    const limit = pageSize(input.MaxResults, 50);
    // Sharing needs AWS RAM, which is not here: nothing is shared with anyone.
    if (input.Shared) return { Parameters: [] };
    async function* candidates() {
      for await (const parameter of scanParameters(store, call, '', readToken(input.NextToken))) {
        const row = await readVersion(store, call, parameter.name, parameter.latest);
        if (row && matches(row, parameter.tags)) yield row;
      }
    }
    const { page, token } = await pageOf(limit, candidates(), (row) => row.name);
    return { Parameters: page.map((row) => ({ ...metadata(row), ARN: arnOf(call, row.name) })), NextToken: token };
  },

  async GetParameterHistory(call, input) {
    const { names } = selectedBy(call, input.Name!);
    const limit = pageSize(input.MaxResults, 50);
    const after = Number(readToken(input.NextToken) ?? 0);
    for (const name of names) {
      const rows = await versionsOf(call.kernel.store, call, name);
      if (rows.length === 0) continue;
      const rest = rows.filter(({ version }) => version > after);
      const page = rest.slice(0, limit);
      return {
        Parameters: await Promise.all(
          page.map(async (row) => ({
            ...metadata(row),
            Value: await plainValue(call, row, input.WithDecryption),
            Labels: [...row.labels],
          })),
        ),
        NextToken: rest.length > limit ? writeToken(String(page[limit - 1].version)) : undefined,
      };
    }
    throw parameterNotFound();
  },
} satisfies Handlers<typeof Ssm>;
