/**
 * Sets replication and begins batch jobs for CloudFormation. Source: CloudFormation User Guide, "Custom resource request
 * objects", "Custom resource response objects"; S3 API Reference, "PutBucketReplication", "CreateJob".
 */
import { createHash } from 'node:crypto';
import {
  DeleteBucketReplicationCommand,
  PutBucketReplicationCommand,
  type ReplicationConfiguration,
  S3Client,
} from '@aws-sdk/client-s3';
import { CreateJobCommand, S3ControlClient } from '@aws-sdk/client-s3-control';

/** As much of a request as is read. */
interface Request {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly ResponseURL: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceProperties: { readonly [name: string]: string };
  readonly OldResourceProperties?: { readonly [name: string]: string };
}

export async function handler(request: Request): Promise<void> {
  let outcome: { Status: string; PhysicalResourceId: string; Reason?: string };
  try {
    outcome = { Status: 'SUCCESS', PhysicalResourceId: await perform(request) };
  } catch (error) {
    const { name, message } = error as Error;
    const PhysicalResourceId = request.PhysicalResourceId ?? request.RequestId;
    outcome = { Status: 'FAILED', PhysicalResourceId, Reason: `${name}: ${message}` };
  }
  const { StackId, RequestId, LogicalResourceId } = request;
  const body = JSON.stringify({ ...outcome, StackId, RequestId, LogicalResourceId });
  const answer = await fetch(request.ResponseURL, { method: 'PUT', body, headers: { 'content-type': '' } });
  if (!answer.ok) throw new Error(`CloudFormation was not told: ${answer.status}`);
}

/** Does what is asked, and names what it made. */
async function perform(request: Request): Promise<string> {
  switch (request.ResourceProperties.Task) {
    case 'Replicate':
      return replicate(request);
    case 'ReplicateExisting':
      return replicateExisting(request);
  }
  throw new Error(`Task is ${JSON.stringify(request.ResourceProperties.Task)}; allowed: Replicate, ReplicateExisting`);
}

async function replicate({ RequestType, ResourceProperties }: Request): Promise<string> {
  const { Bucket, Region, Configuration } = ResourceProperties;
  const s3 = new S3Client({ region: Region });
  if (RequestType !== 'Delete') {
    const ReplicationConfiguration = JSON.parse(Configuration) as ReplicationConfiguration;
    await s3.send(new PutBucketReplicationCommand({ Bucket, ReplicationConfiguration }));
  } else {
    await s3.send(new DeleteBucketReplicationCommand({ Bucket })).catch((error) => {
      if (error.name !== 'NoSuchBucket') throw error;
    });
  }
  return `${Bucket}/replication`;
}

/** A job is begun once per run; deleting the resource leaves it to end by itself. */
async function replicateExisting(request: Request): Promise<string> {
  const { Account, Bucket, Reports, RoleArn, Run } = request.ResourceProperties;
  const begun = request.PhysicalResourceId;
  if (request.RequestType === 'Delete' && begun !== undefined) return begun;
  if (begun !== undefined && request.OldResourceProperties?.Run === Run) return begun;
  const token = `${request.StackId} ${request.LogicalResourceId} ${Run}`;
  const { JobId } = await new S3ControlClient({}).send(
    new CreateJobCommand({
      AccountId: Account,
      ClientRequestToken: createHash('sha256').update(token).digest('hex'),
      ConfirmationRequired: false,
      Priority: 1,
      RoleArn,
      Operation: { S3ReplicateObject: {} },
      ManifestGenerator: {
        S3JobManifestGenerator: {
          SourceBucket: Bucket,
          EnableManifestOutput: false,
          Filter: { EligibleForReplication: true, ObjectReplicationStatuses: ['NONE', 'FAILED'] },
        },
      },
      Report: {
        Enabled: true,
        Bucket: Reports,
        Prefix: 'batch-replication',
        Format: 'Report_CSV_20180820',
        ReportScope: 'FailedTasksOnly',
      },
    }),
  );
  if (JobId === undefined) throw new Error('S3 gave the job no id');
  return JobId;
}
