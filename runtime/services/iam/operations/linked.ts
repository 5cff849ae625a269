/**
 * Service-linked roles: made for a service, named and trusted by it, deleted by a task of its own. The services that
 * would assume them are not all here; the roles are, so that stacks which create them deploy.
 * Source: IAM user guide, "Create a service-linked role", "AWS services that work with IAM".
 */
import type * as Iam from '@aws-sdk/client-iam';
import type { Handlers } from '../../../kernel/service';
import { findHolder, setBoundary } from '../entities';
import { invalidInput, notFound, taskNotFound } from '../errors';
import { checkName } from '../names';
import { deleteRole, isTaken, readDeletion, writeDeletion } from '../state';
import { createRole, wholeRoleOf } from './roles';

/** What stands after `AWSServiceRoleFor`, by service; whether it takes a suffix. */
const services: Readonly<Record<string, { readonly name: string; readonly suffix?: true }>> = {
  'access-analyzer.amazonaws.com': { name: 'AccessAnalyzer' },
  'autoscaling.amazonaws.com': { name: 'AutoScaling', suffix: true },
  'backup.amazonaws.com': { name: 'Backup' },
  'cloudtrail.amazonaws.com': { name: 'CloudTrail' },
  'config.amazonaws.com': { name: 'Config' },
  'ecs.amazonaws.com': { name: 'ECS' },
  'guardduty.amazonaws.com': { name: 'AmazonGuardDuty' },
  'logger.cloudfront.amazonaws.com': { name: 'CloudFrontLogger' },
  'macie.amazonaws.com': { name: 'AmazonMacie' },
  'ops.apigateway.amazonaws.com': { name: 'APIGateway' },
  'organizations.amazonaws.com': { name: 'Organizations' },
  'replicator.lambda.amazonaws.com': { name: 'LambdaReplicator' },
  'storage-lens.s3.amazonaws.com': { name: 'S3StorageLens' },
};

export const linkedHandlers = {
  async CreateServiceLinkedRole(call, input) {
    const service = input.AWSServiceName!;
    const known = Object.hasOwn(services, service) ? services[service] : undefined;
    if (!known) throw invalidInput(`Service-linked roles for ${service} are not supported.`);
    const { CustomSuffix: suffix } = input;
    if (suffix !== undefined && !known.suffix) throw invalidInput(`Custom suffix is not allowed for ${service}`);
    const name = checkName('roleName', `AWSServiceRoleFor${known.name}${suffix === undefined ? '' : `_${suffix}`}`);
    if (await isTaken(call.kernel.store, 'role', call.account, name)) {
      throw invalidInput(`Service role name ${name} has been taken in this account, please try a different suffix.`);
    }
    const document = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
    });
    const row = await createRole(call, {
      name,
      path: `/aws-service-role/${service}/`,
      attached: [],
      tags: {},
      trust: { document, origin: call.origin },
      description: input.Description,
      maxSessionSeconds: 3_600,
      serviceLinked: true,
    });
    return { Role: { ...wholeRoleOf(call, row), RoleLastUsed: undefined } };
  },

  async DeleteServiceLinkedRole(call, input) {
    const name = input.RoleName!;
    const uuid = call.kernel.random.uuid();
    const DeletionTaskId = await call.kernel.store.write(async (tx) => {
      const row = await findHolder(tx, 'role', call.account, name);
      if (!row.serviceLinked) throw notFound('role', name);
      await setBoundary(tx, call, 'role', row, undefined);
      deleteRole(tx, call.account, row);
      const task = `task${row.path}${name}/${uuid}`;
      writeDeletion(tx, call.account, task, call.now);
      return task;
    });
    return { DeletionTaskId };
  },

  async GetServiceLinkedRoleDeletionStatus(call, input) {
    const task = input.DeletionTaskId!;
    if ((await readDeletion(call.kernel.store, call.account, task)) === undefined) throw taskNotFound(task);
    return { Status: 'SUCCEEDED' as const };
  },
} satisfies Handlers<typeof Iam>;
