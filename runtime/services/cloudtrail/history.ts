/**
 * The event history: management events of the caller's account and Region, out of the newest requests and calls between
 * services that the runtime has at hand. Sources: CloudTrail user guide, "CloudTrail record contents" and "Logging data
 * events"; API Reference, "LookupEvents".
 */
import { createHash } from 'node:crypto';
import type { Event, LookupAttribute } from '@aws-sdk/client-cloudtrail';
import { parseArn } from '../../base/arn';
import { AwsError } from '../../base/errors';
import type { Call } from '../../kernel/call';
import type { CallRecord, Denial, RequestRecord } from '../../kernel/record';
import type { Handlers } from '../../kernel/service';

type Client = typeof import('@aws-sdk/client-cloudtrail');

const PAGE_LIMIT = 50;

export const historyHandlers: Handlers<Client> = {
  async LookupEvents(call, input) {
    const { LookupAttributes = [], StartTime, EndTime, EventCategory, MaxResults = PAGE_LIMIT, NextToken } = input;
    if (EventCategory !== undefined) throw named('InvalidEventCategoryException', 'There are no Insights events here.');
    if (MaxResults < 1 || MaxResults > PAGE_LIMIT) {
      throw named('InvalidMaxResultsException', `MaxResults must be from 1 to ${PAGE_LIMIT}.`);
    }
    if (StartTime && EndTime && StartTime > EndTime) {
      throw named('InvalidTimeRangeException', 'The start time must not be after the end time.');
    }
    const { offset, until } = position(NextToken, call.now);
    const from = StartTime?.getTime() ?? Number.NEGATIVE_INFINITY;
    const to = Math.min(EndTime?.getTime() ?? until, until);
    const matches = filterOf(LookupAttributes);
    const found = eventsIn(call).filter(({ at, event }) => at >= from && at <= to && matches(event));
    const page = found.slice(offset, offset + MaxResults);
    const more = offset + MaxResults < found.length;
    return {
      Events: page.map(({ event }) => event),
      NextToken: more ? tokenAt(offset + MaxResults, until) : undefined,
    };
  },
};

function named(code: string, message: string): AwsError {
  return new AwsError(code, message);
}

// ---- Pages --------------------------------------------------------------------------------------------------------

/** What comes while somebody turns pages is not in them. */
function tokenAt(offset: number, until: number): string {
  return Buffer.from(JSON.stringify([offset, until])).toString('base64url');
}

function position(token: string | undefined, now: number): { offset: number; until: number } {
  if (token === undefined) return { offset: 0, until: now };
  try {
    const [offset, until] = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (Number.isInteger(offset) && Number.isFinite(until)) return { offset, until };
  } catch {}
  throw named('InvalidNextTokenException', 'The token is not valid.');
}

// ---- Filters ------------------------------------------------------------------------------------------------------

const SHOWN: Readonly<Record<string, (event: Event) => string | undefined>> = {
  EventId: ({ EventId }) => EventId,
  EventName: ({ EventName }) => EventName,
  EventSource: ({ EventSource }) => EventSource,
  ReadOnly: ({ ReadOnly }) => ReadOnly,
  Username: ({ Username }) => Username,
};

function filterOf(attributes: readonly LookupAttribute[]): (event: Event) => boolean {
  if (attributes.length > 1) throw named('InvalidLookupAttributesException', 'Only one attribute can be looked up.');
  const [wanted] = attributes;
  if (!wanted) return () => true;
  const shown = SHOWN[String(wanted.AttributeKey)];
  if (!shown) {
    throw named(
      'InvalidLookupAttributesException',
      `Looking up ${wanted.AttributeKey} is not supported by this runtime; it knows ${Object.keys(SHOWN).join(', ')}.`,
    );
  }
  return (event) => shown(event) === wanted.AttributeValue;
}

// ---- Events -------------------------------------------------------------------------------------------------------

/** Operations on what resources hold, which the history leaves out. */
const DATA_EVENTS: Readonly<Record<string, RegExp>> = {
  events: /^PutEvents$/,
  lambda: /^Invoke/,
  logs: /^(PutLogEvents|GetLogEvents|FilterLogEvents)$/,
  s3: /Object(?!LockConfiguration)|MultipartUpload|^(UploadPart|ListParts|RestoreObject|SelectObjectContent)/,
  sns: /^Publish/,
  sqs: /Message(?!MoveTask)/,
};

/** Services that the history has under another name. */
const SOURCES: Readonly<Record<string, string>> = { s3control: 's3', cloudwatch: 'monitoring' };

const READS = /^(Get|List|Describe|Head|Lookup|BatchGet|Filter|AssumeRole|Detect|Estimate|Validate|Decode|Simulate)/;

interface Found {
  readonly at: number;
  readonly event: Event;
}

/** Newest first. */
function eventsIn(call: Call): Found[] {
  const { requests, calls, denials } = call.kernel.history();
  const refused = new Map(denials.map((denial) => [denial.requestId, denial]));
  const all = [...requests, ...calls.filter(({ via }) => via.length > 0)].filter((record) => isOwn(call, record));
  return all
    .map((record, index) => ({
      at: record.at,
      index,
      event: eventOf(call, record, index, refused.get(record.requestId)),
    }))
    .sort((a, b) => b.at - a.at || b.index - a.index);
}

type Recorded = (RequestRecord | CallRecord) & { readonly service?: string; readonly operation?: string };

function isOwn({ account, region }: Call, record: Recorded): boolean {
  const { service, operation, principal } = record;
  if (service === undefined || operation === undefined || principal === undefined) return false;
  if (parseArn(principal)?.account !== account || (record.region ?? region) !== region) return false;
  return !DATA_EVENTS[service]?.test(operation);
}

function eventOf(call: Call, record: Recorded, index: number, denial: Denial | undefined): Event {
  const { service = '', operation = '', principal = '', requestId, at, error } = record;
  const readOnly = READS.test(operation);
  const eventTime = new Date(at);
  const via = 'via' in record ? record.via.at(-1) : undefined;
  const EventId = uuidOf(`${requestId} ${service} ${operation} ${via ? index : ''}`);
  const EventSource = `${SOURCES[service] ?? service}.amazonaws.com`;
  const userIdentity = identityOf(principal, via);
  const detail = {
    eventVersion: '1.11',
    userIdentity,
    eventTime: `${eventTime.toISOString().slice(0, 19)}Z`,
    eventSource: EventSource,
    eventName: operation,
    awsRegion: call.region,
    sourceIPAddress: via ?? ('remoteAddress' in record ? record.remoteAddress : undefined),
    errorCode: error,
    errorMessage: error !== undefined && denial?.operation === operation ? denial.message : undefined,
    requestID: requestId,
    eventID: EventId,
    readOnly,
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: call.account,
    eventCategory: 'Management',
  };
  return {
    EventId,
    EventName: operation,
    ReadOnly: String(readOnly),
    EventTime: eventTime,
    EventSource,
    Username: userIdentity.userName ?? principal.slice(principal.lastIndexOf('/') + 1),
    Resources: [],
    CloudTrailEvent: JSON.stringify(detail),
  };
}

/** Source: CloudTrail user guide, "CloudTrail userIdentity element". */
function identityOf(arn: string, invokedBy: string | undefined) {
  const { account: accountId = '', resource = '' } = parseArn(arn) ?? {};
  const [kind, name] = resource.split('/');
  const known = { arn, accountId, invokedBy };
  if (kind === 'root') return { type: 'Root', userName: undefined, ...known };
  if (kind === 'user') return { type: 'IAMUser', userName: resource.slice(resource.lastIndexOf('/') + 1), ...known };
  if (kind !== 'assumed-role') return { type: 'AWSService', userName: undefined, ...known };
  const issuer = arn.replace(':sts:', ':iam:').replace(/:assumed-role\/([^/]+)\/.*$/, ':role/$1');
  const sessionIssuer = { type: 'Role', arn: issuer, accountId, userName: name };
  return { type: 'AssumedRole', userName: undefined, sessionContext: { sessionIssuer }, ...known };
}

function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}
