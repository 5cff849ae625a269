/**
 * Resource policies of functions and layer versions, statement by statement. Source: Lambda developer guide, "Viewing
 * resource-based IAM policies in Lambda", and API reference, "AddPermission".
 */
import type * as Lambda from '@aws-sdk/client-lambda';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import type { Key, Table, Writer } from '../../../store/port';
import {
  conflict,
  invalidParameter,
  invalidValue,
  noSuchResource,
  notFound,
  policyTooLong,
  revisionMismatch,
} from '../errors';
import { type FunctionName, functionKey, functionName, layerArn, layerKey, qualifiedArn } from '../names';
import { policyText } from '../policies';
import { getFunction, resolve } from '../resolution';
import { functions, LATEST, layerPolicies, type PolicyRow, policies, type StatementRow } from '../state';
import { getLayer, versionOf } from './layers';

const MOST_BYTES = 20_480;

export const permissionHandlers: Handlers<typeof Lambda> = {
  async AddPermission(call, input) {
    const of = functionName(call, input.FunctionName, input.Qualifier);
    await ask(call, of, 'AddPermission', input);
    if (of.qualifier === LATEST) {
      throw invalidParameter(
        '$LATEST cannot be used as a qualifier for this operation. Please use an unqualified function.',
      );
    }
    if (!/^(lambda:[*]|lambda:[a-zA-Z]+|[*])$/.test(input.Action ?? '')) {
      throw invalidValue(
        'action',
        input.Action,
        'Member must satisfy regular expression pattern: (lambda:[*]|lambda:[a-zA-Z]+|[*])',
      );
    }
    checkStatementId(input.StatementId);
    const statement = JSON.stringify({
      Sid: input.StatementId,
      Effect: 'Allow',
      Principal: principalOf(input.Principal, call.partition),
      Action: input.Action,
      Resource: qualifiedArn(of),
      Condition: conditionsOf(input),
    });
    const document = JSON.stringify({ Version: '2012-10-17', Statement: [JSON.parse(statement)] });
    if ((await call.kernel.absentPrincipal(document, call)) !== undefined) throw invalidPrincipal();
    await call.kernel.store.write(async (tx) => {
      await resolve(tx, of);
      const row = { document: statement, origin: call.origin };
      await add(tx, policies, policyKey(of), input.StatementId!, row, input.RevisionId, call);
    });
    return { Statement: statement };
  },

  async RemovePermission(call, input) {
    const of = functionName(call, input.FunctionName, input.Qualifier);
    await ask(call, of, 'RemovePermission', {});
    await call.kernel.store.write(async (tx) => {
      await getFunction(tx, of);
      await remove(tx, policies, policyKey(of), input.StatementId, input.RevisionId, call);
    });
    return {};
  },

  async GetPolicy(call, input) {
    const of = functionName(call, input.FunctionName, input.Qualifier);
    await getFunction(call.kernel.store, of);
    const row = await call.kernel.store.get(policies, policyKey(of));
    if (!row) throw noSuchResource();
    return { Policy: textOf(row), RevisionId: row.revisionId };
  },

  async AddLayerVersionPermission(call, input) {
    const of = versionOf(call, input.LayerName, input.VersionNumber);
    if (input.Action !== 'lambda:GetLayerVersion') {
      throw invalidValue(
        'action',
        input.Action,
        'Member must satisfy regular expression pattern: lambda:GetLayerVersion',
      );
    }
    checkStatementId(input.StatementId);
    if (!/^(\d{12}|\*|arn:aws[a-zA-Z-]*:iam::\d{12}:root)$/.test(input.Principal ?? '')) throw invalidPrincipal();
    const organization = input.OrganizationId;
    const statement = JSON.stringify({
      Sid: input.StatementId,
      Effect: 'Allow',
      Principal: principalOf(input.Principal, call.partition),
      Action: input.Action,
      Resource: layerArn(of),
      Condition: organization ? { StringEquals: { 'aws:PrincipalOrgID': organization } } : undefined,
    });
    const revisionId = await call.kernel.store.write(async (tx) => {
      await getLayer(call, of);
      const row = { document: statement, origin: call.origin };
      return add(tx, layerPolicies, layerKey(of), input.StatementId!, row, input.RevisionId, call);
    });
    return { Statement: statement, RevisionId: revisionId };
  },

  async RemoveLayerVersionPermission(call, input) {
    const of = versionOf(call, input.LayerName, input.VersionNumber);
    await call.kernel.store.write((tx) =>
      remove(tx, layerPolicies, layerKey(of), input.StatementId, input.RevisionId, call),
    );
    return {};
  },

  async GetLayerVersionPolicy(call, input) {
    const row = await call.kernel.store.get(
      layerPolicies,
      layerKey(versionOf(call, input.LayerName, input.VersionNumber)),
    );
    if (!row) throw noSuchResource();
    return { Policy: textOf(row), RevisionId: row.revisionId };
  },
};

async function ask(call: Call, of: FunctionName, action: string, input: Partial<Lambda.AddPermissionRequest>) {
  const row = await call.kernel.store.get(functions, functionKey(of));
  const keys = { 'lambda:Principal': input.Principal, 'lambda:FunctionUrlAuthType': input.FunctionUrlAuthType };
  await call.authorize({ action: `lambda:${action}`, resource: qualifiedArn(of), keys, resourceTags: row?.tags });
}

function policyKey(of: FunctionName): Key {
  return [...functionKey(of), of.qualifier === LATEST ? '' : (of.qualifier ?? '')];
}

async function add(
  tx: Writer,
  table: Table<PolicyRow>,
  key: Key,
  id: string,
  statement: StatementRow,
  revisionId: string | undefined,
  call: Call,
): Promise<string> {
  const before = await tx.get(table, key);
  checkRevision(before, revisionId, table);
  if (before?.statements[id]) {
    throw conflict(
      `The statement id (${id}) provided already exists. Please provide a new statement id, or remove the existing statement.`,
    );
  }
  const row = { revisionId: call.kernel.random.uuid(), statements: { ...before?.statements, [id]: statement } };
  if (Buffer.byteLength(textOf(row)) > MOST_BYTES) throw policyTooLong(MOST_BYTES);
  tx.put(table, key, row);
  return row.revisionId;
}

async function remove(
  tx: Writer,
  table: Table<PolicyRow>,
  key: Key,
  id: string | undefined,
  revisionId: string | undefined,
  call: Call,
): Promise<void> {
  const before = await tx.get(table, key);
  if (!before?.statements[id ?? '']) throw notFound(`Statement ${id} is not found in resource policy.`);
  checkRevision(before, revisionId, table);
  const { [id!]: _, ...statements } = before.statements;
  if (Object.keys(statements).length === 0) tx.delete(table, key);
  else tx.put(table, key, { revisionId: call.kernel.random.uuid(), statements });
}

function checkRevision(row: PolicyRow | undefined, revisionId: string | undefined, table: Table<PolicyRow>): void {
  if (revisionId !== undefined && revisionId !== row?.revisionId) {
    throw revisionMismatch(table === policies ? 'GetPolicy' : 'GetLayerVersionPolicy');
  }
}

function textOf(row: PolicyRow): string {
  return policyText(Object.values(row.statements).map((statement) => statement.document));
}

function checkStatementId(id: string | undefined): void {
  if (!id || !/^[a-zA-Z0-9-_]{1,100}$/.test(id)) {
    throw invalidValue('statementId', id, 'Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)');
  }
}

function invalidPrincipal() {
  return invalidParameter('The provided principal was invalid. Please check the principal and try again.');
}

/** An account, an ARN of IAM, a service, or everyone. */
function principalOf(principal: string | undefined, partition: string): unknown {
  if (principal === '*') return '*';
  if (/^\d{12}$/.test(principal ?? '')) return { AWS: `arn:${partition}:iam::${principal}:root` };
  if (/^arn:aws[a-zA-Z-]*:(iam|sts)::\d{12}:\S+$/.test(principal ?? '')) return { AWS: principal };
  if (/^[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?$|^alexa-[a-z]+\.amazon\.com$/.test(principal ?? '')) {
    return { Service: principal };
  }
  throw invalidPrincipal();
}

function conditionsOf(input: Lambda.AddPermissionRequest): Record<string, Record<string, string>> | undefined {
  const equal = {
    ...(input.SourceAccount && { 'AWS:SourceAccount': input.SourceAccount }),
    ...(input.EventSourceToken && { 'lambda:EventSourceToken': input.EventSourceToken }),
    ...(input.PrincipalOrgID && { 'aws:PrincipalOrgID': input.PrincipalOrgID }),
    ...(input.FunctionUrlAuthType && { 'lambda:FunctionUrlAuthType': input.FunctionUrlAuthType }),
  };
  const conditions = {
    ...(Object.keys(equal).length > 0 && { StringEquals: equal }),
    ...(input.InvokedViaFunctionUrl && { Bool: { 'lambda:InvokedViaFunctionUrl': 'true' } }),
    ...(input.SourceArn && { ArnLike: { 'AWS:SourceArn': input.SourceArn } }),
  };
  return Object.keys(conditions).length > 0 ? conditions : undefined;
}
