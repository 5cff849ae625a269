/**
 * Who may do what: every principal, every action, every resource of the deployed state, each answered by the engine that
 * decides requests. What a request alone can tell (its prefix, its TLS, its headers) stays open and is named.
 */
import { compile } from '../engine/policy/compile';
import type { Policy, Question } from '../engine/policy/decide';
import type { PrincipalEntry } from '../engine/policy/principals';
import { bothOf, type Prospect, type Proviso, prospectOf } from '../engine/policy/prospect';
import { noBody } from '../kernel/incoming';
import type { Asking } from '../kernel/recent';
import type { Life } from '../life';
import { type Action, actionsOf, type Kind } from './actions';
import { constrainedGrants, type Grant, isGrantee, underConstraints } from './grants';
import { type AccessPoint, type Landscape, landscapeOf, type Party, partyNamed, type Resource } from './landscape';

/** What one principal may do with one resource, or a part of it: actions that have the same answer. */
export interface AccessRow {
  readonly kind: Resource['kind'];
  /** Path of the construct, or else the physical name. */
  readonly resource: string;
  /**
   * Of a bucket: `bucket`, or `objects uploads/*`; `objects *` are all keys that no policy names more closely. With
   * access points: the same again, `objects * through access point door`.
   */
  readonly part: string;
  readonly principal: string;
  readonly effect: Prospect['effect'];
  /** Alternatives, of each of which all conditions have to hold. */
  readonly if?: readonly (readonly Proviso[])[];
  /** Denials: each denies where all its conditions hold. */
  readonly unless?: readonly (readonly Proviso[])[];
  readonly actions: readonly string[];
}

/** What policies give occasion to ask about, by resource. */
export type Occasions = Readonly<Record<string, Occasion>>;

interface Occasion {
  /** Patterns of object keys. */
  readonly patterns: readonly string[];
  /** Services and strangers that the resource's policies name. */
  readonly principals: readonly PrincipalEntry[];
}

export interface Survey {
  readonly rows: readonly AccessRow[];
  readonly occasions: Occasions;
}

export interface SurveyOptions {
  /** Only resources of this stack. @default all resources */
  readonly stack?: string;
  /** What to ask about beyond what the policies give occasion to: that of another survey, so that both compare. */
  readonly occasions?: Occasions;
}

/** @throws Error when there is no such stack */
export async function surveyOf(life: Life, { stack, occasions: further = {} }: SurveyOptions = {}): Promise<Survey> {
  const land = await landscapeOf(life.kernel);
  const wanted = land.resources.filter(({ stackName }) => stack === undefined || stackName === stack);
  if (stack !== undefined && wanted.length === 0) throw new Error(`there is nothing to ask about in a stack ${stack}`);
  const rows: AccessRow[] = [];
  const occasions: Record<string, Occasion> = {};
  for (const resource of wanted) {
    const surveyor = new Surveyor(life, land, resource);
    occasions[resource.name] = await surveyor.begin(further[resource.name]);
    rows.push(...(await surveyor.rows()));
  }
  return { rows, occasions };
}

interface Part {
  readonly name: string;
  readonly kind: Kind;
  /** Only these of the kind's actions. @default all */
  readonly actions?: readonly string[];
  arnFor(party: Party): string;
  /** What is asked of an access point first. */
  readonly through?: { readonly point: AccessPoint; arnFor(party: Party): string };
}

const EVERYTHING: Policy = {
  kind: 'identity',
  name: 'policies of another account',
  document: '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}',
};

class Surveyor {
  private patterns: readonly string[] = [];
  private parties: readonly Party[] = [];
  private grants: readonly Grant[] = [];

  constructor(
    private readonly life: Life,
    private readonly land: Landscape,
    private readonly resource: Resource,
  ) {}

  /** Reads the policies that have a say: whom they name, and which keys. */
  async begin(further: Occasion = { patterns: [], principals: [] }): Promise<Occasion> {
    const { parties, resources } = this.land;
    const { arn, kind } = this.resource;
    const accounts = resources.map(({ account }) => account);
    const entries = new Map(further.principals.map((one) => [`${one.type} ${one.value}`, one]));
    const keys = new Set(['*', ...further.patterns]);
    const { points = [] } = this.resource;
    const prefixes = [`${arn}/`, ...points.map((point) => `${point.arn}/object/`)];
    if (kind === 'key') this.grants = await constrainedGrants(this.life, this.resource);
    for (const { grantee: value } of this.grants) {
      const one = { type: value.startsWith('arn:') ? ('AWS' as const) : ('Service' as const), value };
      entries.set(`${one.type} ${value}`, one);
    }
    const [first] = await actionsOf(kind);
    for (const party of parties) {
      const asked = await this.questions(party, [first], arn);
      for (const point of points) asked.push(...(await this.questions(party, [first], point.arn)));
      for (const statement of asked.flatMap(({ policies }) => policies).flatMap(statementsOf)) {
        for (const one of statement.principals?.entries ?? []) entries.set(`${one.type} ${one.value}`, one);
        for (const value of statement.resources?.values ?? []) {
          const prefix = prefixes.find((one) => kind === 'bucket' && value.startsWith(one));
          if (prefix !== undefined) keys.add(value.slice(prefix.length));
        }
      }
    }
    const principals = [...entries.values()].filter(({ type, value }) => partyNamed(type, value, accounts));
    this.parties = [...parties, ...principals.map(({ type, value }) => partyNamed(type, value, accounts)!)];
    this.patterns = [...keys].sort((a, b) => (a === '*' ? 1 : b === '*' ? -1 : a < b ? -1 : 1));
    return { patterns: this.patterns, principals };
  }

  async rows(): Promise<AccessRow[]> {
    const rows: AccessRow[] = [];
    for (const part of this.parts()) {
      const all = await actionsOf(part.kind);
      const actions = all.filter(({ name }) => part.actions === undefined || part.actions.includes(name));
      for (const party of this.parties) rows.push(...(await this.ask(part, party, actions)));
    }
    return rows;
  }

  private parts(): Part[] {
    const { kind, arn } = this.resource;
    if (kind !== 'bucket') return [{ name: kind, kind, arnFor: () => arn }];
    const parts: Part[] = [
      { name: 'bucket', kind, arnFor: () => arn },
      ...this.patterns.map((pattern) => ({
        name: `objects ${pattern}`,
        kind: 'object' as const,
        arnFor: (party: Party) => `${arn}/${sampleOf(pattern, party)}`,
      })),
    ];
    const { points = [] } = this.resource;
    return [...parts, ...points.flatMap((point) => parts.map((part) => throughPoint(part, point, arn)))];
  }

  private async ask(part: Part, party: Party, actions: readonly Action[]): Promise<AccessRow[]> {
    const { kind, name: resource } = this.resource;
    const answers = new Map<string, { prospect: Prospect; actions: string[] }>();
    const prospects = await this.prospects(part, party, actions);
    prospects.forEach((found, i) => {
      const prospect = this.toConstructs(found);
      const written = JSON.stringify(prospect);
      const same = answers.get(written);
      if (same) same.actions.push(actions[i].name);
      else answers.set(written, { prospect, actions: [actions[i].name] });
    });
    return [...answers.values()].map(({ prospect, actions: alike }) => ({
      kind,
      resource,
      part: part.name,
      principal: party.name,
      ...prospect,
      actions: alike,
    }));
  }

  private async prospects(
    { arnFor, through }: Part,
    party: Party,
    actions: readonly Action[],
  ): Promise<readonly Prospect[]> {
    const prospect = (question: Question, i: number) =>
      prospectOf(question, (key) => isKnown(key, party) || !actions[i].carries(key));
    if (!through) {
      const questions = await this.questions(party, actions, arnFor(party));
      const mine = this.grants.filter((grant) => isGrantee(grant, party.principal));
      return questions.map((question, i) =>
        mine
          .filter((grant) => grant.actions.includes(actions[i].name))
          .reduce(
            (base, { constraints }) => {
              const granted = prospect({ ...question, grant: { allowed: true, reason: 'a grant' } }, i);
              return underConstraints(base, granted, constraints);
            },
            prospect(question, i),
          ),
      );
    }
    const { point } = through;
    const keys = {
      's3:DataAccessPointArn': point.arn,
      's3:DataAccessPointAccount': point.account,
      's3:AccessPointNetworkOrigin': point.origin,
    };
    const ofPoint = await this.questions(party, actions, through.arnFor(party), keys, point.account);
    const ofBucket = await this.questions(party, actions, arnFor(party), keys);
    return ofPoint.map((question, i) => bothOf(prospect(question, i), prospect(ofBucket[i], i)));
  }

  private async questions(
    party: Party,
    actions: readonly Action[],
    arn: string,
    more: Readonly<Record<string, string>> = {},
    owner = this.resource.account,
  ): Promise<Question[]> {
    const { kernel, authorize } = this.life;
    const { principal } = party;
    const { account, region } = this.resource;
    const asking: Asking = {
      kernel,
      requestId: '',
      now: kernel.clock.now(),
      service: arn.split(':')[2],
      principal,
      account,
      region,
      via: [],
      request: { method: 'GET', target: '/', path: '/', query: [], headers: {}, body: noBody, ...FROM },
    };
    const keys = { 's3:ResourceAccount': account, 'kms:CallerAccount': principal.account, ...more };
    const questions = await authorize.questions(
      asking,
      actions.map(({ name }) => ({ action: name, resource: arn, owner, keys })),
    );
    const withOwn = party.foreign && principal.kind !== 'root';
    return questions.map((one) => (withOwn ? { ...one, policies: [...one.policies, EVERYTHING] } : one));
  }

  /** With constructs in place of physical names, so that the same app reads the same wherever it is deployed. */
  private toConstructs(prospect: Prospect): Prospect {
    if (prospect.effect !== 'conditional') return prospect;
    const { named } = this.land;
    const all = (lists: readonly (readonly Proviso[])[]) =>
      lists.map((list) =>
        list.map(({ operator, key, values }) => ({ operator, key: named(key), values: values.map(named) })),
      );
    return { effect: 'conditional', if: all(prospect.if), unless: all(prospect.unless) };
  }
}

/** Of operations on the bucket, access points take lists and little else. */
const LISTS = ['s3:ListBucket', 's3:ListBucketVersions', 's3:ListBucketMultipartUploads'];

/** The same part of the bucket by way of an access point. */
function throughPoint(part: Part, point: AccessPoint, bucketArn: string): Part {
  const rest = (party: Party) => part.arnFor(party).slice(bucketArn.length + 1);
  return {
    ...part,
    name: `${part.name} through access point ${point.name}`,
    actions: part.kind === 'bucket' ? LISTS : undefined,
    through: { point, arnFor: (party) => (part.kind === 'bucket' ? point.arn : `${point.arn}/object/${rest(party)}`) },
  };
}

const FROM = { remoteAddress: '', secure: true };

function statementsOf({ document }: Policy) {
  const compilation = compile(document);
  return 'problem' in compilation ? [] : compilation.document.statements;
}

/** A key that a pattern means, and as few others as can be. */
function sampleOf(pattern: string, { principal: { kind, arn } }: Party): string {
  const userName = kind === 'user' ? arn.slice(arn.lastIndexOf('/') + 1) : 'sample';
  return pattern
    .replace(/\$\{aws:username\}/gi, userName)
    .replace(/\$\{[*?$]\}/g, 'x')
    .replace(/\$\{[^}]*\}/g, 'sample')
    .replaceAll('*', pattern === '*' ? 'coffer/any-other-key' : 'sample')
    .replaceAll('?', 'x');
}

const OF_PRINCIPAL =
  /^aws:(principal(arn|account|type|isawsservice|servicename|servicenameslist|orgid|orgpaths)|username|federatedprovider|principaltag\/.*)$/;

/** Keys that are the same in every request of a principal for a resource. */
function isKnown(key: string, { principal, foreign }: Party): boolean {
  if (foreign && /^aws:(principaltag\/|principalorg|username|userid)/.test(key)) return false;
  if (foreign && principal.kind === 'root' && /^aws:principal(arn|type)$/.test(key)) return false;
  if (OF_PRINCIPAL.test(key)) return true;
  if (key === 'aws:userid') return principal.kind !== 'session';
  if (key === 'aws:sourcearn' || key === 'aws:sourceaccount') return principal.kind !== 'service';
  if (/^s3:(dataaccesspoint(arn|account)|accesspointnetworkorigin)$/.test(key)) return true;
  return key === 'aws:resourceaccount' || key === 's3:resourceaccount' || key === 'kms:calleraccount';
}
