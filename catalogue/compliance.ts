/**
 * Writes `docs/compliance.md`: what six packs of cdk-nag find in the stacks of the app and why it stays, and which
 * controls of Security Hub and CIS each construct satisfies. A finding without a reason is a failure.
 *
 *     node dist/catalogue/compliance.js           writes it
 *     node dist/catalogue/compliance.js --check   exits with 1 when it is out of date, or a finding has no reason
 */
import * as coffer from '@coffer/constructs';
import { type CfnResource, Stack, Validations } from 'aws-cdk-lib';
import {
  AwsSolutionsChecks,
  HIPAASecurityChecks,
  type NagPack,
  NIST80053R4Checks,
  NIST80053R5Checks,
  PCIDSS321Checks,
  ServerlessChecks,
} from 'cdk-nag';
import type { IConstruct } from 'constructs';
import { app, type Resource, resources } from './app';
import { CONTROLS } from './controls';
import { publish } from './formatted';

/** A finding of a pack. */
export interface Finding {
  readonly pack: string;
  /** Id without the pack and without the part in brackets. */
  readonly rule: string;
  readonly id: string;
  readonly path: string;
  /** Why it stays; undefined when nobody answers for it. */
  readonly reason?: string;
}

const PACKS = [
  AwsSolutionsChecks,
  HIPAASecurityChecks,
  NIST80053R4Checks,
  NIST80053R5Checks,
  PCIDSS321Checks,
  ServerlessChecks,
];

/** Who answers for a rule on a resource: the nearest construct that acknowledged it. */
function reasonFor(resource: IConstruct, id: string): string | undefined {
  for (const scope of resource.node.scopes.reverse())
    for (const { type, data } of scope.node.metadata) {
      if (type !== Validations.ACKNOWLEDGED_RULES_METADATA_KEY) continue;
      for (const [key, reason] of Object.entries(data as Record<string, string>))
        if (key.replace(/^annotation::/i, '') === id) return reason;
    }
  return undefined;
}

/** Every finding of the six packs, acknowledged or not. */
export function findings(): Finding[] {
  return PACKS.flatMap((Pack) => {
    const pack: NagPack = new Pack();
    // Nothing counts as acknowledged, so that every finding is told; the reasons are looked up below.
    Object.assign(pack, { isAcknowledged: (_: CfnResource, _id: string) => false });
    const name = pack.readPackName;
    return pack.validateScope(app()).violations.flatMap(({ ruleName, violatingResources }) =>
      violatingResources.map(({ constructPath }) => {
        const resource = app()
          .node.findAll()
          .find(({ node }) => node.path === constructPath) as IConstruct;
        const rule = ruleName.slice(name.length + 1).replace(/\[.*$/, '');
        return { pack: name, rule, id: ruleName, path: constructPath as string, reason: reasonFor(resource, ruleName) };
      }),
    );
  });
}

/** The construct of ours that a resource belongs to: the nearest of an exported class, else its stack. */
function owner(resource: Resource): string {
  const exported = new Set<unknown>(Object.values(coffer));
  for (const scope of resource.construct.node.scopes.reverse()) {
    if (Stack.isStack(scope)) return 'the stack itself';
    if (exported.has(scope.constructor)) return scope.constructor.name;
    // A bucket or a vault makes its key beside itself: `Uploads` and `UploadsKey`.
    const beside = scope.node.scope?.node.tryFindChild(scope.node.id.replace(/Key$/, ''));
    if (beside !== undefined && exported.has(beside.constructor)) return beside.constructor.name;
  }
  return 'the stack itself';
}

const cell = (text: string) => text.replaceAll('|', '\\|');
const unique = (values: readonly string[]) => [...new Set(values)].sort();
/** A path without the last part when that is the L1's. */
const short = (path: string) => path.replace(/\/(Resource|Default)$/, '');

function findingsTable(all: readonly Finding[]): string[] {
  const groups = new Map<string, Finding[]>();
  for (const finding of all) {
    const reason = finding.reason
      ?.replace(/the prefix is [^;]*\.$/, 'the prefix is as narrow as the grant.')
      .replace(/every table of \w+/, 'every table of a database');
    const key = `${finding.rule}\n${reason}`;
    groups.set(key, [...(groups.get(key) ?? []), { ...finding, reason }]);
  }
  const rows = [...groups.values()].sort((a, b) => a[0].rule.localeCompare(b[0].rule));
  return [
    '| Rule | Packs | Why it stays | Where |',
    '| --- | --- | --- | --- |',
    ...rows.map((group) => {
      const where = unique(group.map(({ path }) => short(path)));
      return `| ${group[0].rule} | ${unique(group.map(({ pack }) => pack)).join(', ')} | ${cell(group[0].reason ?? '**nobody says**')} | ${where.map((path) => `\`${path}\``).join(', ')} |`;
    }),
  ];
}

function controlsTable(all: readonly Resource[]): string[] {
  return [
    '| Security Hub | CIS v3/v5; v7 | What it asks | Satisfied by | Not by |',
    '| --- | --- | --- | --- | --- |',
    ...CONTROLS.flatMap((control) => {
      const concerned = all.filter(({ type }) => type === control.type);
      if (concerned.length === 0) return [];
      const count = (some: readonly Resource[]) => {
        const owners = some.map(owner);
        return unique(owners)
          .map((name) => `${name} (${owners.filter((one) => one === name).length})`)
          .join(', ');
      };
      const good = concerned.filter((resource) => control.holds(resource, all));
      const bad = concerned.filter((resource) => !good.includes(resource));
      return `| ${control.ids} | ${control.cis ?? ''} | ${control.title} | ${count(good)} | ${count(bad)} |`;
    }),
  ];
}

/** By construct: the controls that all of its resources in the app satisfy. */
function constructsTable(all: readonly Resource[]): string[] {
  const byOwner = new Map<string, Resource[]>();
  for (const resource of all) byOwner.set(owner(resource), [...(byOwner.get(owner(resource)) ?? []), resource]);
  return [
    '| Construct | Security Hub | CIS v3/v5; v7 |',
    '| --- | --- | --- |',
    ...[...byOwner]
      .filter(([name]) => name !== 'the stack itself')
      .sort(([a], [b]) => a.localeCompare(b))
      .flatMap(([name, own]) => {
        const satisfied = CONTROLS.filter((control) => {
          const concerned = own.filter(({ type }) => type === control.type);
          return concerned.length > 0 && concerned.every((resource) => control.holds(resource, all));
        });
        if (satisfied.length === 0) return [];
        const cis = satisfied.flatMap((control) => (control.cis === undefined ? [] : [control.cis]));
        return `| [${name}](constructs.md#${name.toLowerCase()}) | ${satisfied.map(({ ids }) => ids).join(', ')} | ${cis.join(' · ')} |`;
      }),
  ];
}

/** The page. */
export function page(found: readonly Finding[], all: readonly Resource[]): string {
  const stacks = unique(all.map(({ stack }) => stack));
  const kinds = unique(found.map(({ rule }) => rule));
  return `${[
    '# Compliance',
    '',
    'Written from the stacks of the app by `npm run catalogue`: do not edit.',
    '',
    `Six packs of cdk-nag (AwsSolutions, HIPAA.Security, NIST.800.53.R4, NIST.800.53.R5, PCI.DSS.321, Serverless) over`,
    `${stacks.length} stacks (${stacks.join(', ')}) with ${all.length} resources. Nothing is suppressed for a stack or the app: each`,
    `finding is answered for by the construct it is about. ${kinds.length} kinds of finding stay.`,
    '',
    '## Findings that stay',
    '',
    ...findingsTable(found),
    '',
    'To see them again in an app of yours: `"coffer:acknowledge": false` in its context.',
    '',
    '## Controls',
    '',
    'What the templates show of controls of Security Hub (FSBP and NIST) and of the CIS AWS Foundations Benchmark. Counted',
    'are the resources of the stacks with their default settings, by the construct that makes them. Not by: where it is a',
    'choice (replication, lock, web ACL, a domain), the stack or its user takes it; the table above says why it is not the',
    'default. Controls on accounts (S3.1, trails, Macie) are not for templates; S3.20 (MFA delete) CloudFormation cannot set.',
    'CloudFront.5 is left out: AWS does not say whether logging v2, which is used here, satisfies it.',
    '',
    ...controlsTable(all),
    '',
    '## By construct',
    '',
    'What every resource of a construct satisfies, as the stacks of the app use it.',
    '',
    ...constructsTable(all),
  ].join('\n')}\n`;
}

if (require.main === module) {
  const found = findings();
  const open = found.filter(({ reason }) => reason === undefined);
  for (const { id, path } of open) console.error(`${id} at ${path}: nobody answers for it`);
  if (open.length > 0) process.exitCode = 1;
  publish('docs/compliance.md', page(found, resources()));
}
