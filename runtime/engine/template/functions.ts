/**
 * The intrinsic functions that depend on nothing but their argument and a little of the environment: what each must
 * look like as written, and what it answers. `Ref`, `Fn::GetAtt`, `Fn::Sub`, `Fn::If` and `Condition` also live by
 * names and branches; only their shapes are here. Source: CloudFormation user guide, "Intrinsic function reference".
 */
import { cidrBlocks } from './cidr';
import { invalid, templateError } from './errors';
import { isObject } from './parse';

/** What functions may ask about the deployment. */
export interface Surroundings {
  readonly region: string;
  /** Value in a mapping; undefined when there is none. */
  mapped(map: string, first: string, second: string): unknown;
  imported(name: string): unknown;
  output(reference: OutputReference): unknown;
}

/** What `Fn::GetStackOutput` names. */
export interface OutputReference {
  readonly stackName: string;
  readonly outputName: string;
  /** Default: the stack's own region. */
  readonly region?: string;
  readonly roleArn?: string;
}

interface Intrinsic {
  /** CloudFormation's words for an argument of another shape, after `Template error: `. */
  readonly words: string;
  /** Whether the argument, as written, has the right shape. */
  readonly fits: (argument: unknown) => boolean;
  /** The answer, from the evaluated argument. */
  readonly apply?: (operand: never, surroundings: Surroundings) => unknown;
}

/**
 * The function call that an object is, if it is one.
 * @param logical whether `Condition` is a function here: in conditions and rules, not in an IAM statement
 */
export function callOf(
  value: Readonly<Record<string, unknown>>,
  logical = false,
): { name: string; argument: unknown } | undefined {
  const keys = Object.keys(value);
  if (logical && keys.length === 1 && keys[0] === 'Condition') return { name: 'Condition', argument: value.Condition };
  const name = keys.find((key) => key === 'Ref' || key.startsWith('Fn::'));
  if (name === undefined) return undefined;
  if (keys.length === 1) return { name, argument: value[name] };
  if (name === 'Ref') return undefined;
  throw templateError(`${name} must be the only member of its object`);
}

const isCall = (value: unknown): boolean => isObject(value) && callOf(value) !== undefined;
const isScalar = (value: unknown): value is string | number | boolean =>
  ['string', 'number', 'boolean'].includes(typeof value);
const textLike = (value: unknown): boolean => isScalar(value) || isCall(value);
const listLike = (value: unknown): boolean => Array.isArray(value) || isCall(value);
const listOf = (value: unknown, ...lengths: number[]): value is unknown[] =>
  Array.isArray(value) && lengths.includes(value.length);
const truthLike = (value: unknown): boolean =>
  typeof value === 'boolean' || value === 'true' || value === 'false' || isObject(value);

/** @throws AwsError when `value` is not a scalar: functions on text take numbers and booleans for text */
export function text(value: unknown, words: string): string {
  if (isScalar(value)) return String(value);
  throw templateError(words);
}

export function truth(value: unknown, words: string): boolean {
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  throw templateError(words);
}

function list(value: unknown, words: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw templateError(words);
}

const JOIN =
  'every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.';
const SPLIT =
  'every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or a function that returns a string to be split.';
const SELECT = 'Fn::Select requires a list argument with two elements: an integer index and a list';
const FIND =
  'every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value';
const CIDR = 'every Fn::Cidr object requires two parameters, (1) ipBlock and (2) count, and optionally (3) cidrBits';
const OUTPUT =
  'every Fn::GetStackOutput object requires a StackName and an OutputName, and takes a Region and a RoleArn';
const NOT = 'every Fn::Not object requires one boolean parameter.';
const EQUALS = 'every Fn::Equals object requires a list of 2 string parameters.';
const CONTAINS = 'every Fn::Contains object requires a list of strings and a string to be looked for.';
const several = (name: string) =>
  `every ${name} object requires a list of at least 2 and at most 10 boolean parameters.`;
const memberwise = (name: string, second: string) => `every ${name} object requires a list of strings and ${second}.`;

const table: Record<string, Intrinsic> = {
  Ref: { words: 'every Ref object must have a single String value.', fits: (name) => typeof name === 'string' },
  Condition: { words: 'every Condition object must have a single String value.', fits: (n) => typeof n === 'string' },
  'Fn::GetAtt': {
    words: 'every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute',
    fits: (argument) =>
      typeof argument === 'string'
        ? /^[^.]+\../.test(argument)
        : listOf(argument, 2) && argument.every((part) => (typeof part === 'string' ? part !== '' : isCall(part))),
  },
  'Fn::Sub': {
    words:
      "One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, and an optional second argument to specify a mapping of values to replace in the string",
    fits: (argument) =>
      typeof argument === 'string' ||
      (listOf(argument, 1, 2) && typeof argument[0] === 'string' && (argument.length === 1 || isObject(argument[1]))),
  },
  'Fn::If': {
    words:
      'Fn::If requires a list argument with three elements: the condition, the value if true and the value if false',
    fits: (argument) => listOf(argument, 3) && typeof argument[0] === 'string',
  },
  'Fn::Join': {
    words: JOIN,
    fits: (argument) => listOf(argument, 2) && typeof argument[0] === 'string' && listLike(argument[1]),
    apply: ([delimiter, items]: [string, unknown]) =>
      list(items, JOIN)
        .map((item) => text(item, JOIN))
        .join(delimiter),
  },
  'Fn::Split': {
    words: SPLIT,
    fits: (argument) => listOf(argument, 2) && typeof argument[0] === 'string' && textLike(argument[1]),
    apply: ([delimiter, whole]: [string, unknown]) => text(whole, SPLIT).split(delimiter),
  },
  'Fn::Select': {
    words: SELECT,
    fits: (argument) => listOf(argument, 2) && textLike(argument[0]) && listLike(argument[1]),
    apply: ([at, items]: [unknown, unknown]) => {
      const index = Number(text(at, SELECT));
      const values = list(items, SELECT);
      if (!Number.isInteger(index)) throw templateError(SELECT);
      if (index >= 0 && index < values.length) return values[index];
      throw templateError(`Fn::Select cannot select nonexistent value at index ${index}`);
    },
  },
  'Fn::FindInMap': {
    words: FIND,
    fits: (argument) =>
      listOf(argument, 3, 4) &&
      argument.slice(0, 3).every(textLike) &&
      (argument.length === 3 || (isObject(argument[3]) && 'DefaultValue' in argument[3])),
    apply: ([map, first, second, fallback]: unknown[], surroundings) => {
      const [name, top, attribute] = [text(map, FIND), text(first, FIND), text(second, FIND)];
      const value = surroundings.mapped(name, top, attribute);
      if (value !== undefined) return value;
      if (isObject(fallback)) return fallback.DefaultValue;
      throw templateError(`Unable to get mapping for ${name}::${top}::${attribute}`);
    },
  },
  'Fn::Base64': {
    words: 'every Fn::Base64 object must have a String-typed value.',
    fits: textLike,
    apply: (value: unknown) =>
      Buffer.from(text(value, 'every Fn::Base64 object must have a String-typed value.')).toString('base64'),
  },
  'Fn::Cidr': {
    words: CIDR,
    fits: (argument) => listOf(argument, 2, 3) && argument.every(textLike),
    apply: ([block, count, bits = 8]: unknown[]) =>
      cidrBlocks(text(block, CIDR), Number(text(count, CIDR)), Number(text(bits, CIDR))),
  },
  'Fn::GetAZs': {
    words: 'every Fn::GetAZs object must have a single String value.',
    fits: textLike,
    apply: (value: unknown, surroundings) => {
      const region = text(value, 'every Fn::GetAZs object must have a single String value.') || surroundings.region;
      return ['a', 'b', 'c'].map((zone) => region + zone);
    },
  },
  'Fn::ImportValue': {
    words: 'every Fn::ImportValue object must have a single String value.',
    fits: textLike,
    apply: (value: unknown, surroundings) =>
      surroundings.imported(text(value, 'every Fn::ImportValue object must have a single String value.')),
  },
  'Fn::GetStackOutput': {
    words: OUTPUT,
    fits: (argument) =>
      isObject(argument) &&
      textLike(argument.StackName) &&
      textLike(argument.OutputName) &&
      Object.entries(argument).every(
        ([key, value]) => ['StackName', 'OutputName', 'Region', 'RoleArn'].includes(key) && textLike(value),
      ),
    apply: (argument: Record<string, unknown>, surroundings) =>
      surroundings.output({
        stackName: text(argument.StackName, OUTPUT),
        outputName: text(argument.OutputName, OUTPUT),
        region: argument.Region === undefined ? undefined : text(argument.Region, OUTPUT),
        roleArn: argument.RoleArn === undefined ? undefined : text(argument.RoleArn, OUTPUT),
      }),
  },
  'Fn::Equals': {
    words: EQUALS,
    fits: (argument) => listOf(argument, 2) && argument.every((side) => isScalar(side) || isObject(side)),
    apply: ([left, right]: unknown[]) => text(left, EQUALS) === text(right, EQUALS),
  },
  'Fn::Not': {
    words: NOT,
    fits: (argument) => listOf(argument, 1) && truthLike(argument[0]),
    apply: ([value]: unknown[]) => !truth(value, NOT),
  },
  'Fn::And': combination('Fn::And', (values) => values.every(Boolean)),
  'Fn::Or': combination('Fn::Or', (values) => values.some(Boolean)),
  'Fn::Contains': {
    words: CONTAINS,
    fits: (argument) => listOf(argument, 2) && listLike(argument[0]) && textLike(argument[1]),
    apply: ([items, item]: unknown[]) => list(items, CONTAINS).map(String).includes(text(item, CONTAINS)),
  },
  'Fn::EachMemberEquals': {
    words: memberwise('Fn::EachMemberEquals', 'a string'),
    fits: (argument) => listOf(argument, 2) && listLike(argument[0]) && textLike(argument[1]),
    apply: ([items, item]: [unknown, unknown]) =>
      list(items, memberwise('Fn::EachMemberEquals', 'a string')).every((member) => String(member) === String(item)),
  },
  'Fn::EachMemberIn': {
    words: memberwise('Fn::EachMemberIn', 'a list of strings'),
    fits: (argument) => listOf(argument, 2) && argument.every(listLike),
    apply: ([items, allowed]: [unknown, unknown]) => {
      const words = memberwise('Fn::EachMemberIn', 'a list of strings');
      const all = new Set(list(allowed, words).map(String));
      return list(items, words).every((member) => all.has(String(member)));
    },
  },
};

/** Functions that the transform `AWS::LanguageExtensions` adds. */
const EXTENSIONS: Record<string, Intrinsic> = {
  'Fn::Length': {
    words: 'Fn::Length requires a list, or a function that returns one',
    fits: listLike,
    apply: (items: unknown) => list(items, 'Fn::Length requires a list, or a function that returns one').length,
  },
  'Fn::ToJsonString': {
    words: 'Fn::ToJsonString requires an object or a list',
    fits: (argument) => typeof argument === 'object',
    apply: (value: unknown) => JSON.stringify(value),
  },
};

function combination(name: string, combine: (values: boolean[]) => boolean): Intrinsic {
  const words = several(name);
  return {
    words,
    fits: (argument) =>
      Array.isArray(argument) && argument.length >= 2 && argument.length <= 10 && argument.every(truthLike),
    apply: (values: unknown[]) => combine(values.map((value) => truth(value, words))),
  };
}

const functions = new Map(Object.entries({ ...table, ...EXTENSIONS }));

/** Functions that CloudFormation has and this runtime refuses by name. */
const REFUSED = new Map([
  ['Fn::Transform', 'macros do not run here'],
  ['Fn::RefAll', 'it reads AWS-specific parameter types of the account'],
  ['Fn::ValueOf', 'it reads AWS-specific parameter types of the account'],
  ['Fn::ValueOfAll', 'it reads AWS-specific parameter types of the account'],
  ['Fn::ForEach', 'it needs the AWS::LanguageExtensions transform'],
]);

/** @throws AwsError for a function that does not exist, is not supported, or has an argument of the wrong shape */
export function checkCall(name: string, argument: unknown, transforms: readonly string[]): void {
  const extended = !Object.hasOwn(EXTENSIONS, name) || transforms.includes('AWS::LanguageExtensions');
  const known = extended ? functions.get(name) : undefined;
  if (!known) {
    if (!extended) throw invalid(`${name} needs the transform AWS::LanguageExtensions`);
    const reason = REFUSED.get(name.replace(/^(Fn::ForEach)::.*$/, '$1'));
    if (reason) throw invalid(`${name} is not supported by this runtime: ${reason}`);
    throw templateError(
      `Encountered unsupported function: ${name} Supported functions are: [${Object.keys(table).join(', ')}]`,
    );
  }
  if (!known.fits(argument)) throw templateError(known.words);
}

export function wordsOf(name: string): string {
  return functions.get(name)!.words;
}

/** The answer of a function that lives by its argument alone. */
export function applyCall(name: string, operand: unknown, surroundings: Surroundings): unknown {
  return functions.get(name)!.apply!(operand as never, surroundings);
}
