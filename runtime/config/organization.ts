/** The organisation that a configuration declares: read as strictly as the rest, its control policies as AWS takes them. */
import type { DeclaredOrganization, DeclaredTarget, DeclaredUnit } from '../kernel/config';
import { problemIn } from '../services/organizations/documents';
import type { PolicyType } from '../services/organizations/state';

export interface ControlsConfig {
  /** Service control policies by name, attached here. @default none */
  readonly serviceControlPolicies?: Readonly<Record<string, object>>;
  /** Resource control policies by name, attached here. @default none */
  readonly resourceControlPolicies?: Readonly<Record<string, object>>;
  /** Whether `FullAWSAccess` is attached here, too; without it only what the policies here allow is. @default true */
  readonly fullAccess?: boolean;
}

export interface MemberConfig extends ControlsConfig {
  /** Twelve digits; what is in the account is declared in `accounts`. */
  readonly id: string;
}

export interface UnitConfig extends ControlsConfig {
  readonly name: string;
  /** Accounts in this unit. @default none */
  readonly accounts?: readonly MemberConfig[];
  /** Units in this unit. @default none */
  readonly units?: readonly UnitConfig[];
}

export interface OrganizationConfig extends ControlsConfig {
  /** `o-` and 10 to 32 lower-case letters or digits. @default derived from the management account */
  readonly id?: string;
  /** Held to no control policy. @default the default account */
  readonly managementAccount?: string;
  /** Accounts in the root. @default the management account, unless it is in a unit */
  readonly accounts?: readonly MemberConfig[];
  /** Units in the root. @default none */
  readonly units?: readonly UnitConfig[];
}

type Members = Readonly<Record<string, unknown>>;
interface Form {
  readonly pattern: RegExp;
  readonly is: string;
}

/** How parts of a configuration are read; each tells what is wrong. */
export interface Reading {
  wrong(at: string, says: string): void;
  object(value: unknown, at: string, known: readonly string[]): Members;
  list<T>(value: unknown, at: string, read: (item: unknown, at: string) => T): T[];
  text(value: unknown, at: string, form: Form): string;
}

const ID = { pattern: /^o-[a-z0-9]{10,32}$/, is: 'o- and 10 to 32 lower-case letters or digits' };
const ACCOUNT = { pattern: /^\d{12}$/, is: 'twelve digits' };
const NAME = { pattern: /^[^/\p{Cc}]{1,128}$/u, is: 'text of 1 to 128 characters without /' };
const CONTROLS = ['serviceControlPolicies', 'resourceControlPolicies', 'fullAccess'];
/** Beside AWS's own. Source: "Quotas for AWS Organizations". */
const MOST_ATTACHED = 5;
const DEEPEST_UNIT = 5;

export function readOrganization(value: unknown, reading: Reading): DeclaredOrganization {
  const { wrong, object, list, text } = reading;
  const policies = new Map<string, string>();

  function documents(given: unknown, at: string, type: PolicyType): Record<string, string> {
    const named = object(given ?? {}, at, typeof given === 'object' && given !== null ? Object.keys(given) : []);
    return Object.fromEntries(
      Object.entries(named).map(([name, document]) => {
        text(name, at, NAME);
        const content = JSON.stringify(object(document, `${at}.${name}`, ['Version', 'Id', 'Statement']));
        const problem = problemIn(content, type);
        if (problem) wrong(`${at}.${name}`, `is no such policy: ${problem}`);
        const known = policies.get(`${type} ${name}`);
        if (known !== undefined && known !== content) wrong(`${at}.${name}`, 'is another policy elsewhere');
        policies.set(`${type} ${name}`, content);
        return [name, content];
      }),
    );
  }

  function controls(members: Members, at: string): DeclaredTarget {
    const { serviceControlPolicies, resourceControlPolicies, fullAccess = true } = members;
    if (typeof fullAccess !== 'boolean') wrong(`${at}.fullAccess`, 'must be true or false');
    const read = {
      serviceControlPolicies: documents(
        serviceControlPolicies,
        `${at}.serviceControlPolicies`,
        'SERVICE_CONTROL_POLICY',
      ),
      resourceControlPolicies: documents(
        resourceControlPolicies,
        `${at}.resourceControlPolicies`,
        'RESOURCE_CONTROL_POLICY',
      ),
      fullAccess: fullAccess !== false,
    };
    const service = Object.keys(read.serviceControlPolicies).length + (read.fullAccess ? 1 : 0);
    if (service === 0) wrong(at, 'needs a service control policy where it has no full access');
    if (service > MOST_ATTACHED)
      wrong(`${at}.serviceControlPolicies`, `and FullAWSAccess must be ${MOST_ATTACHED} at most`);
    if (Object.keys(read.resourceControlPolicies).length + 1 > MOST_ATTACHED) {
      wrong(`${at}.resourceControlPolicies`, `must be ${MOST_ATTACHED - 1} at most`);
    }
    return read;
  }

  function member(given: unknown, at: string) {
    const members = object(given, at, ['id', ...CONTROLS]);
    return { id: text(members.id, `${at}.id`, ACCOUNT), ...controls(members, at) };
  }

  function unit(given: unknown, at: string, depth: number): DeclaredUnit {
    if (depth > DEEPEST_UNIT) wrong(at, `is deeper than ${DEEPEST_UNIT} units`);
    const members = object(given, at, ['name', 'accounts', 'units', ...CONTROLS]);
    return {
      name: text(members.name, `${at}.name`, NAME),
      ...branch(members, at, depth),
    };
  }

  function branch(members: Members, at: string, depth: number) {
    return {
      ...controls(members, at),
      accounts: list(members.accounts, `${at}.accounts`, member),
      units: list(members.units, `${at}.units`, (one, where) => unit(one, where, depth + 1)),
    };
  }

  const at = 'organization';
  const members = object(value, at, ['id', 'managementAccount', 'accounts', 'units', ...CONTROLS]);
  const organization: DeclaredOrganization = {
    id: members.id === undefined ? undefined : text(members.id, `${at}.id`, ID),
    managementAccount:
      members.managementAccount === undefined
        ? undefined
        : text(members.managementAccount, `${at}.managementAccount`, ACCOUNT),
    ...branch(members, at, 0),
  };
  requireUnique(organization, at, wrong);
  return organization;
}

/** An account is in one place, and siblings have names of their own. */
function requireUnique(organization: DeclaredOrganization, at: string, wrong: Reading['wrong']): void {
  const accounts = new Set<string>();
  const walk = (branch: Pick<DeclaredUnit, 'accounts' | 'units'>, where: string): void => {
    for (const { id } of branch.accounts) {
      if (accounts.has(id)) wrong(where, `has the account ${id}, which is in two places`);
      accounts.add(id);
    }
    const names = new Set<string>();
    branch.units.forEach((unit, i) => {
      if (names.has(unit.name)) wrong(`${where}.units[${i}].name`, 'is the name of a unit beside it');
      names.add(unit.name);
      walk(unit, `${where}.units[${i}]`);
    });
  };
  walk(organization, at);
}
