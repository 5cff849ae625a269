/** Finding organisations and what is in them, and changing them in one transaction. */
import type * as Organizations from '@aws-sdk/client-organizations';
import type { Call } from '../../kernel/call';
import type { Reader, Writer } from '../../store/port';
import { awsManaged } from './documents';
import { denied, notInUse, notModelled, policyNotFound } from './errors';
import { accountArn, isAwsManaged, policyArn } from './names';
import {
  type OrganizationRow,
  organizationOf,
  type PolicyRow,
  type PolicyType,
  readPolicy,
  writeOrganization,
} from './state';

/** The organisation that the caller is in. @throws AWSOrganizationsNotInUseException */
export async function ownOrganization(from: Reader, { account }: Call): Promise<OrganizationRow> {
  const row = await organizationOf(from, account);
  if (!row) throw notInUse();
  return row;
}

/** The organisation that the caller manages. @throws AWSOrganizationsNotInUseException, AccessDeniedException */
export async function managed(from: Reader, call: Call): Promise<OrganizationRow> {
  const row = await ownOrganization(from, call);
  if (row.management !== call.account) throw denied();
  return row;
}

/** Changes the organisation that the caller manages. `work` may be run again. */
export function change(
  call: Call,
  work: (row: OrganizationRow, tx: Writer) => OrganizationRow | Promise<OrganizationRow>,
): Promise<OrganizationRow> {
  return call.kernel.store.write(async (tx) => {
    const changed = await work(await managed(tx, call), tx);
    writeOrganization(tx, changed);
    return changed;
  });
}

/** @throws PolicyNotFoundException */
export async function findPolicy(
  from: Reader,
  { id }: OrganizationRow,
  policy: string | undefined,
): Promise<PolicyRow> {
  const own = Object.values(awsManaged).find((one) => one.id === policy);
  const row = own ?? (policy === undefined ? undefined : await readPolicy(from, id, policy));
  if (!row) throw policyNotFound();
  return row;
}

/** @throws InvalidInputException for the types that are not modelled */
export function typeOf(type: string | undefined): PolicyType {
  if (type === 'SERVICE_CONTROL_POLICY' || type === 'RESOURCE_CONTROL_POLICY') return type;
  throw notModelled(`policies of type ${type}`);
}

export function summaryOf(row: OrganizationRow, policy: PolicyRow): Organizations.PolicySummary {
  return {
    Id: policy.id,
    Arn: policyArn(row, policy),
    Name: policy.name,
    Description: policy.description,
    Type: policy.type,
    AwsManaged: isAwsManaged(policy.id),
  };
}

export function accountOf(row: OrganizationRow, id: string): Organizations.Account {
  const { name, email, method, joined } = row.accounts[id];
  return {
    Id: id,
    Arn: accountArn(row, id),
    Email: email,
    Name: name,
    Status: 'ACTIVE',
    State: 'ACTIVE',
    Paths: undefined,
    JoinedMethod: method,
    JoinedTimestamp: new Date(joined),
  };
}
