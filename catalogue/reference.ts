/**
 * Writes `docs/constructs.md`, the reference of everything that @coffer/constructs exports, from what jsii says of the
 * code: purposes, examples, properties with their defaults, attributes, methods.
 *
 *     node dist/catalogue/reference.js           writes it
 *     node dist/catalogue/reference.js --check   exits with 1 when it is out of date
 */
import {
  type Assembly,
  type AssemblyType,
  assembly,
  type Callable,
  type Property,
  type TypeReference,
} from './assembly';
import { isConstruct, isMixin } from './examples';
import { publish } from './formatted';

/** The subjects, in the order of the page: folder, heading, what a reader looks for here. */
const SUBJECTS: readonly [folder: string, heading: string, what: string][] = [
  ['bucket', 'Buckets', 'A bucket that is secure without being asked, and each of its choices by name.'],
  ['mixins', 'Mixins', "The same features one by one, for anyone's bucket: `bucket.with(new BucketTlsOnly())`."],
  ['access', 'Access', 'Perimeters, access points and endpoints: who may reach a bucket at all.'],
  ['grants', 'Grants', 'Least privilege: exact actions, bounded by a prefix, in managed policies.'],
  ['replication', 'Replication', 'Copies in another Region or account, and the keys that they need.'],
  ['delivery', 'Delivery', 'Websites and media through CloudFront.'],
  ['events', 'Events', 'What happens when an object arrives.'],
  ['uploads', 'Uploads', 'Uploads from browsers and devices.'],
  ['lake', 'Data lake', 'Zones, tables and queries.'],
  ['archive', 'Archives', 'Logs of AWS services, backups.'],
  ['observe', 'Observation', 'Metrics, dashboards, alarms.'],
  ['compute', 'Functions and alarms', 'What other constructs are made of; also useful alone.'],
  ['validation', 'Validation', 'Rules for what AWS would refuse or silently ignore, as pack and as plugins.'],
];

const anchor = (name: string) => `[${name}](#${name.toLowerCase()})`;

/** A type as TypeScript has it; our own link to their place on the page. */
function typed(types: Assembly['types'], type: TypeReference): string {
  if (type.primitive !== undefined) return type.primitive === 'json' ? 'object' : type.primitive;
  if (type.collection !== undefined) {
    const element = typed(types, type.collection.elementtype);
    return type.collection.kind === 'array' ? `${element}[]` : `{ [name]: ${element} }`;
  }
  if (type.union !== undefined) return type.union.types.map((one) => typed(types, one)).join(' or ');
  const fqn = type.fqn as string;
  const own = types[fqn];
  if (own !== undefined) return anchor(own.name);
  const parts = fqn.replace(/^(aws-cdk-lib|constructs)\./, '').split('.');
  return parts
    .map((part) => part.replace(/^aws_/, '').replace(/^interfaces$/, ''))
    .filter(Boolean)
    .join('.');
}

/** Text for a cell of a table; a trailing full stop is the table's own. */
const cell = (text: string) => text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').trim();

const words = (member: { docs?: { summary?: string; remarks?: string } }) =>
  cell(`${member.docs?.summary ?? ''} ${member.docs?.remarks ?? ''}`);

const fallback = (property: Property) => {
  const value = property.docs?.default;
  if (value === undefined) return property.optional ? '' : '**required**';
  if (value.startsWith('- ')) return cell(value.slice(2));
  const [code, ...rest] = cell(value).split(/(?= - |, | (?:with|under|if|in|unless) )/);
  return `\`${code}\`${rest.join('')}`;
};

/** Properties of a struct, with those that it extends among our own types. */
function members(types: Assembly['types'], struct: AssemblyType): Property[] {
  const inherited = (struct.interfaces ?? []).flatMap((fqn) => (types[fqn] ? members(types, types[fqn]) : []));
  return [...(struct.properties ?? []), ...inherited];
}

function properties(types: Assembly['types'], struct: AssemblyType): string[] {
  const all = [...members(types, struct)].sort((a, b) => Number(a.optional ?? false) - Number(b.optional ?? false));
  return [
    '| Property | Type | Default | |',
    '| --- | --- | --- | --- |',
    ...all.map((p) => `| \`${p.name}\` | ${typed(types, p.type)} | ${fallback(p)} | ${words(p)} |`),
    '',
  ];
}

function signature(types: Assembly['types'], callable: Callable): string {
  return (callable.parameters ?? [])
    .map((p) => `${p.variadic ? '...' : ''}${p.name}${p.optional ? '?' : ''}: ${plain(typed(types, p.type))}`)
    .join(', ');
}

/** Without links: for code. */
const plain = (text: string) => text.replaceAll(/\[(\w+)\]\(#\w+\)/g, '$1');

function shown(types: Assembly['types'], type: AssemblyType, structs: Set<string>): string[] {
  const lines: string[] = [`### ${type.name}`, '', words(type), ''];
  if (type.kind === 'class' && type.base !== undefined && type.base !== 'constructs.Construct') {
    const base = typed(types, { fqn: type.base }).replace(/^lib\./, '');
    lines.push(`Extends ${base.startsWith('[') ? base : `\`${base}\``}.`, '');
  }
  if (type.docs?.example !== undefined) lines.push('```ts', type.docs.example, '```', '');
  if (type.kind === 'enum')
    lines.push(
      '| Value | |',
      '| --- | --- |',
      ...(type.members ?? []).map((m) => `| \`${m.name}\` | ${words(m)} |`),
      '',
    );
  if (type.datatype) return [...lines, ...properties(types, type)];

  const last = type.initializer?.parameters?.at(-1)?.type.fqn;
  const props = last === undefined ? undefined : types[last];
  if (props?.datatype && isConstruct(type)) {
    structs.add(props.fqn);
    lines.push(`**Properties** (\`${props.name}\`)`, '', ...properties(types, props));
  } else if (type.kind === 'class' && (type.initializer?.parameters ?? []).length > 0) {
    lines.push(`\`new ${type.name}(${signature(types, type.initializer as Callable)})\``, '');
  }
  const attributes = (type.properties ?? []).filter((p) => p.overrides === undefined);
  if (attributes.length > 0)
    lines.push(
      isConstruct(type) ? '**Attributes**' : '**Values**',
      '',
      '| | Type | |',
      '| --- | --- | --- |',
      ...attributes.map(
        (p) => `| \`${p.static ? `${type.name}.` : ''}${p.name}\` | ${typed(types, p.type)} | ${words(p)} |`,
      ),
      '',
    );
  const methods = (type.methods ?? []).filter((m) => m.overrides === undefined && !m.protected);
  if (methods.length > 0)
    lines.push(
      '**Methods**',
      '',
      ...methods.map((m) => {
        const returns = m.returns === undefined ? '' : `: ${plain(typed(types, m.returns.type))}`;
        return `- \`${m.static ? `${type.name}.` : ''}${m.name}(${signature(types, m)})${returns}\`<br/>${words(m)}`;
      }),
      '',
    );
  return lines;
}

/** The page. */
export function page(api: Assembly): string {
  const { types } = api;
  const lines = [
    '# Constructs',
    '',
    'Everything that `@coffer/constructs` exports. Written from the code by `npm run catalogue`: do not edit.',
    '',
    'In the examples `this` is a stack, `bucket` a `SecureBucket`, `role` an `iam.Role`, `key` a `kms.Key`; types like',
    '`s3.IBucket` are those of `aws-cdk-lib/aws-s3` and so on. Each example is compiled, synthesised and held to six packs',
    'of cdk-nag in CI, from the packed package. What is wrong with a configuration is told at synth, all at once, each with',
    'path, value, what is allowed and the fix.',
    '',
  ];
  const subjects = SUBJECTS.map(([folder, heading, what]) => ({
    heading,
    what,
    types: Object.values(types).filter((type) => type.locationInModule.filename.startsWith(`${folder}/`)),
  })).filter((subject) => subject.types.length > 0);
  const covered = new Set(subjects.flatMap((subject) => subject.types));
  const lost = Object.values(types).filter((type) => !covered.has(type));
  if (lost.length > 0)
    throw new Error(`no subject for ${lost.map((type) => type.locationInModule.filename).join(', ')}`);

  for (const { heading, types: some } of subjects) {
    const makeable = some.filter((type) => isConstruct(type) || isMixin(api, type));
    const first = makeable.length > 0 ? makeable : some.filter(({ kind }) => kind === 'class');
    lines.push(
      `- [${heading}](#${heading.toLowerCase().replaceAll(' ', '-')}): ${first.map((t) => anchor(t.name)).join(', ')}`,
    );
  }
  for (const { heading, what, types: some } of subjects) {
    lines.push('', `## ${heading}`, '', what, '');
    const structs = new Set<string>();
    const rank = (type: AssemblyType) => (isConstruct(type) ? 0 : type.kind === 'class' ? 1 : type.datatype ? 3 : 2);
    const sorted = [...some].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
    for (const type of sorted) if (!structs.has(type.fqn)) lines.push(...shown(types, type, structs));
  }
  return `${lines.join('\n').replaceAll(/\n{3,}/g, '\n\n')}\n`;
}

if (require.main === module) publish('docs/constructs.md', page(assembly()));
