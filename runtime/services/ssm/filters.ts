/** Filters of DescribeParameters and GetParametersByPath. Source: Systems Manager API Reference, "ParameterStringFilter". */
import { invalidFilterKey, invalidFilterOption, invalidFilterValue } from './errors';
import type { VersionRow } from './state';

interface Filter {
  readonly Key?: string;
  readonly Option?: string;
  readonly Values?: readonly string[];
}

type Test = (row: VersionRow, tags: Readonly<Record<string, string>>) => boolean;

const fields: Readonly<Record<string, (row: VersionRow) => string | undefined>> = {
  Name: (row) => row.name,
  Type: (row) => row.type,
  KeyId: (row) => row.keyId,
  Tier: (row) => row.tier,
  DataType: (row) => row.dataType,
};

/** @throws InvalidFilterKey, InvalidFilterOption, InvalidFilterValue */
export function compileFilters(filters: readonly Filter[] | undefined, allowed: readonly string[]): Test {
  const tests = (filters ?? []).map((filter) => compile(filter, allowed));
  return (row, tags) => tests.every((test) => test(row, tags));
}

function compile({ Key = '', Option, Values }: Filter, allowed: readonly string[]): Test {
  const tag = Key.startsWith('tag:') ? Key.slice('tag:'.length) : undefined;
  if (!allowed.includes(tag === undefined ? Key : 'tag')) throw invalidFilterKey(Key);
  if (tag !== undefined)
    return (_, tags) => Object.hasOwn(tags, tag) && (!Values?.length || Values.includes(tags[tag]));
  if (!Values?.length || Values.some((value) => value === '')) throw invalidFilterValue(Key);
  if (Key === 'Path') return underPath(Values, Option ?? 'OneLevel');
  if (Key === 'Label') return ({ labels }) => Values.some((value) => labels.includes(value));
  const compare = comparison(Key, Option ?? 'Equals');
  return (row) => {
    const field = fields[Key](row);
    return field !== undefined && Values.some((value) => compare(field, value));
  };
}

function comparison(key: string, option: string): (field: string, value: string) => boolean {
  if (option === 'Equals') return (field, value) => field === value;
  if (option === 'BeginsWith') return (field, value) => field.startsWith(value);
  if (option === 'Contains' && key === 'Name') return (field, value) => field.includes(value);
  throw invalidFilterOption(option);
}

function underPath(paths: readonly string[], option: string): Test {
  if (option !== 'Recursive' && option !== 'OneLevel') throw invalidFilterOption(option);
  const prefixes = paths.map((path) => (path.endsWith('/') ? path : `${path}/`));
  return ({ name }) =>
    prefixes.some(
      (prefix) => name.startsWith(prefix) && (option === 'Recursive' || !name.slice(prefix.length).includes('/')),
    );
}
