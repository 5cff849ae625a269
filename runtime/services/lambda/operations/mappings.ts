/**
 * Event source mappings: which queue feeds which function. Their states are final at once. Streams and brokers
 * are refused by name. Source: Lambda API reference, "CreateEventSourceMapping".
 */
import type * as Lambda from '@aws-sdk/client-lambda';
import { formatArn, parseArn } from '../../../base/arn';
import { isAwsError } from '../../../base/errors';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import type { Reader } from '../../../store/port';
import { queueUrl } from '../async/destinations';
import { conflict, invalidParameter, invalidValue, notFound, unsupported } from '../errors';
import { functionArn, functionName, type Place, qualifiedArn } from '../names';
import { readFilter } from '../polling/filters';
import type { Pollers } from '../polling/pollers';
import { resolve } from '../resolution';
import { assumeRole } from '../role';
import { type MappingRow, mappings } from '../state';
import { checkTags, requestTagKeys } from '../tags';

const DEFAULT_BATCH = 10;
const PAGE = 100;

type Settings = Pick<
  MappingRow,
  'batchSize' | 'windowSeconds' | 'concurrency' | 'reportsFailures' | 'enabled' | 'filters'
>;

export function mappingHandlers(pollers: Pollers): Handlers<typeof Lambda> {
  return {
    async CreateEventSourceMapping(call, input) {
      const of = functionName(call, input.FunctionName);
      const tags = checkTags(input.Tags ?? {});
      const keys = { 'lambda:FunctionArn': functionArn(of), ...requestTagKeys(tags) };
      await call.authorize({ action: 'lambda:CreateEventSourceMapping', resource: '*', keys });
      const source = checkSource(call, input);
      const settings = readSettings(input, source, undefined);
      await checkQueue(call, of, source);
      const uuid = call.kernel.random.uuid();
      const target = { account: of.account, name: of.name, qualifier: of.qualifier };
      const row: MappingRow = { uuid, source, function: target, ...settings, tags, modifiedAt: call.now };
      await call.kernel.store.write(async (tx) => {
        await resolve(tx, of);
        for await (const { value } of tx.scan(mappings, { within: [call.account, call.region] })) {
          if (value.source !== source || arnOf(call, value) !== qualifiedArn(of)) continue;
          throw conflict(
            `An event source mapping with SQS arn (" ${source} ") and function (" ${of.name} ") already exists. Please update or delete the existing mapping with UUID ${value.uuid}`,
          );
        }
        tx.put(mappings, keyOf(call, uuid), row);
      });
      pollers.follow(call.kernel, call.region, row);
      return describe(call, row);
    },

    async GetEventSourceMapping(call, input) {
      return describe(call, await get(call, 'GetEventSourceMapping', input.UUID));
    },

    async ListEventSourceMappings(call, input) {
      const wanted = input.FunctionName && functionName(call, input.FunctionName);
      const rows = await call.kernel.store.page(mappings, { within: [call.account, call.region] });
      const all = rows
        .map((entry) => entry.value)
        .filter((row) => !input.EventSourceArn || row.source === input.EventSourceArn)
        .filter((row) => !wanted || arnOf(call, row) === qualifiedArn(wanted));
      const start = input.Marker ? all.findIndex((row) => row.uuid === input.Marker) + 1 : 0;
      const page = all.slice(start, start + Math.min(input.MaxItems ?? PAGE, PAGE));
      return {
        EventSourceMappings: page.map((row) => describe(call, row)),
        NextMarker: start + page.length < all.length ? page.at(-1)?.uuid : undefined,
      };
    },

    async UpdateEventSourceMapping(call, input) {
      const before = await get(call, 'UpdateEventSourceMapping', input.UUID);
      const of = input.FunctionName ? functionName(call, input.FunctionName) : undefined;
      if (of) await checkQueue(call, of, before.source);
      const settings = readSettings(input, before.source, before);
      const row = await call.kernel.store.write(async (tx) => {
        const current = await read(tx, call, input.UUID);
        const target = of ? { account: of.account, name: of.name, qualifier: of.qualifier } : current.function;
        const row: MappingRow = { ...current, ...settings, function: target, modifiedAt: call.now };
        tx.put(mappings, keyOf(call, row.uuid), row);
        return row;
      });
      pollers.follow(call.kernel, call.region, row);
      return describe(call, row);
    },

    async DeleteEventSourceMapping(call, input) {
      await get(call, 'DeleteEventSourceMapping', input.UUID);
      const row = await call.kernel.store.write(async (tx) => {
        const row = await read(tx, call, input.UUID);
        tx.delete(mappings, keyOf(call, row.uuid));
        return row;
      });
      pollers.leave(row.uuid);
      return { ...describe(call, row), State: 'Deleting' };
    },
  };
}

function keyOf(call: Call, uuid: string) {
  return [call.account, call.region, uuid];
}

async function read(reader: Reader, call: Call, uuid: string | undefined): Promise<MappingRow> {
  const row = await reader.get(mappings, keyOf(call, uuid ?? ''));
  if (!row) throw notFound('The resource you requested does not exist.');
  return row;
}

async function get(call: Call, action: string, uuid: string | undefined): Promise<MappingRow> {
  const row = await call.kernel.store.get(mappings, keyOf(call, uuid ?? ''));
  const keys = row && { 'lambda:FunctionArn': arnOf(call, row) };
  await call.authorize({
    action: `lambda:${action}`,
    resource: mappingArn(call, uuid ?? ''),
    keys,
    resourceTags: row?.tags,
  });
  return read(call.kernel.store, call, uuid);
}

function checkSource(call: Call, input: Lambda.CreateEventSourceMappingRequest): string {
  const source = parseArn(input.EventSourceArn ?? '');
  if (input.SelfManagedEventSource) throw unsupported('SelfManagedEventSource', 'only SQS queues feed functions');
  if (!source) throw invalidParameter('Unrecognized event source.');
  if (source.service !== 'sqs')
    throw unsupported(`The event source ${source.service}`, 'only SQS queues feed functions');
  if (source.region !== call.region) throw invalidParameter(`The event source is not in this Region (${call.region}).`);
  return input.EventSourceArn!;
}

/** What belongs to streams, brokers and pollers of another kind. */
const FOREIGN = [
  'AmazonManagedKafkaEventSourceConfig',
  'BisectBatchOnFunctionError',
  'DestinationConfig',
  'DocumentDBEventSourceConfig',
  'KMSKeyArn',
  'LoggingConfig',
  'MaximumRecordAgeInSeconds',
  'MaximumRetryAttempts',
  'MetricsConfig',
  'ParallelizationFactor',
  'ProvisionedPollerConfig',
  'Queues',
  'SelfManagedKafkaEventSourceConfig',
  'SourceAccessConfigurations',
  'StartingPosition',
  'StartingPositionTimestamp',
  'Topics',
  'TumblingWindowInSeconds',
] as const;

function readSettings(
  input: Omit<Lambda.UpdateEventSourceMappingRequest, 'UUID'>,
  source: string,
  before: Settings | undefined,
): Settings {
  const foreign = FOREIGN.find((member) => (input as Readonly<Record<string, unknown>>)[member] !== undefined);
  if (foreign) throw unsupported(foreign, 'it does not apply to queues or is not acted on');
  const fifo = source.endsWith('.fifo');
  const batchSize = input.BatchSize ?? before?.batchSize ?? DEFAULT_BATCH;
  const windowSeconds = input.MaximumBatchingWindowInSeconds ?? before?.windowSeconds ?? 0;
  if (batchSize < 1) throw invalidValue('batchSize', batchSize, 'Member must have value greater than or equal to 1');
  if (batchSize > (fifo ? 10 : 10_000)) {
    throw invalidParameter(
      `Batch size is greater than the maximum allowed for this event source: ${fifo ? 10 : 10_000}.`,
    );
  }
  if (windowSeconds < 0 || windowSeconds > 300) {
    throw invalidValue('maximumBatchingWindowInSeconds', windowSeconds, 'Member must have value between 0 and 300');
  }
  if (fifo && windowSeconds > 0) throw invalidParameter('Batching window is not supported for FIFO queues.');
  if (batchSize > 10 && windowSeconds < 1) {
    throw invalidParameter(
      'Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10',
    );
  }
  const concurrency = input.ScalingConfig ? input.ScalingConfig.MaximumConcurrency : before?.concurrency;
  if (concurrency !== undefined && (concurrency < 2 || concurrency > 1000)) {
    throw invalidValue('scalingConfig.maximumConcurrency', concurrency, 'Member must have value between 2 and 1000');
  }
  const types = input.FunctionResponseTypes;
  return {
    batchSize,
    windowSeconds,
    concurrency,
    reportsFailures: types ? types.includes('ReportBatchItemFailures') : (before?.reportsFailures ?? false),
    enabled: input.Enabled ?? before?.enabled ?? true,
    filters: input.FilterCriteria ? readFilters(input.FilterCriteria) : before?.filters,
  };
}

const MOST_FILTERS = 10;

/** @throws InvalidParameterValueException */
function readFilters({ Filters = [] }: Lambda.FilterCriteria): readonly string[] | undefined {
  if (Filters.length > MOST_FILTERS) throw invalidParameter(`At most ${MOST_FILTERS} filters are allowed.`);
  const patterns = Filters.map(({ Pattern = '' }) => Pattern);
  for (const pattern of patterns) {
    try {
      readFilter(pattern);
    } catch (error) {
      throw invalidParameter(`Invalid filter pattern definition. ${(error as Error).message}`);
    }
  }
  return patterns.length > 0 ? patterns : undefined;
}

/** The role must reach the queue, and a message must stay hidden for as long as the function may take. */
async function checkQueue(call: Call, of: ReturnType<typeof functionName>, source: string): Promise<void> {
  const { version } = await resolve(call.kernel.store, of);
  const role = await assumeRole(call.kernel, of, version.settings.Role);
  const input = { QueueUrl: queueUrl(source), AttributeNames: ['VisibilityTimeout' as const] };
  const { Attributes } = await role.peers.sqs.GetQueueAttributes(input).catch((error: unknown) => {
    if (!isAwsError(error)) throw error;
    if (/AccessDenied/.test(error.code)) {
      throw invalidParameter('The provided execution role does not have permissions to call ReceiveMessage on SQS');
    }
    throw invalidParameter(
      `Error occurred while ReceiveMessage. SQS Error Code: ${error.code}. SQS Error Message: ${error.message}`,
    );
  });
  const visibility = Number(Attributes?.VisibilityTimeout);
  const { Timeout: timeout } = version.settings;
  if (visibility < timeout) {
    throw invalidParameter(
      `Queue visibility timeout: ${visibility} seconds is less than Function timeout: ${timeout} seconds`,
    );
  }
}

function arnOf(call: Call, { function: target }: MappingRow): string {
  return qualifiedArn({ ...target, region: call.region, partition: call.partition });
}

export function mappingArn({ partition, region, account }: Place, uuid: string): string {
  return formatArn({ partition, service: 'lambda', region, account, resource: `event-source-mapping:${uuid}` });
}

function describe(call: Call, row: MappingRow): Lambda.EventSourceMappingConfiguration {
  return {
    UUID: row.uuid,
    EventSourceMappingArn: mappingArn(call, row.uuid),
    EventSourceArn: row.source,
    FunctionArn: arnOf(call, row),
    FilterCriteria: row.filters && { Filters: row.filters.map((Pattern) => ({ Pattern })) },
    BatchSize: row.batchSize,
    MaximumBatchingWindowInSeconds: row.windowSeconds,
    ScalingConfig: row.concurrency === undefined ? undefined : { MaximumConcurrency: row.concurrency },
    FunctionResponseTypes: row.reportsFailures ? ['ReportBatchItemFailures'] : [],
    State: row.enabled ? 'Enabled' : 'Disabled',
    StateTransitionReason: 'USER_INITIATED',
    LastModified: new Date(row.modifiedAt),
  };
}
