/**
 * CloudFormation with resource types made for tests, spoken to by the vendor's client. Things exist in a map; what a
 * provider does to them is told in `log`, and a test can make a step fail or wait.
 */
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { AwsError } from '../../runtime/base/errors';
import { createRequestHandler } from '../../runtime/client';
import type { Kernel } from '../../runtime/kernel/call';
import { createKernel } from '../../runtime/kernel/kernel';
import { openRecords } from '../../runtime/kernel/record';
import { createSchedule, openClock } from '../../runtime/kernel/schedule';
import type { Properties, ResourceContext, ResourceType, Service } from '../../runtime/kernel/service';
import { createProtocols } from '../../runtime/protocol/protocols';
import { cloudformation } from '../../runtime/services/cloudformation/service';
import { s3 } from '../../runtime/services/s3/service';
import { ssm } from '../../runtime/services/ssm/service';
import { openStore } from '../../runtime/store/open';

export interface Thing {
  readonly properties: Properties;
  readonly tags: Readonly<Record<string, string>>;
  readonly path?: string;
}

export interface Rig {
  readonly kernel: Kernel;
  readonly client: CloudFormationClient;
  readonly things: Map<string, Thing>;
  readonly log: string[];
  /** Called before each step, `create A`; a throw makes it fail, a promise makes it wait. */
  hook: (step: string) => void | Promise<void>;
  clientFor(account: string, region?: string): CloudFormationClient;
  advance(duration: { hours?: number; days?: number }): Promise<void>;
  close(): Promise<void>;
}

/**
 * @param directory to be opened again by a later rig
 * @param things that an earlier rig left
 */
export async function startRig(directory?: string, things = new Map<string, Thing>()): Promise<Rig> {
  const log: string[] = [];
  const types: ResourceType[] = [];
  const services: Service[] = [
    ssm(),
    s3(),
    cloudformation(() => [...types, ...services.flatMap((it) => it.resources ?? [])]),
  ];
  const store = await openStore({ directory });
  const clock = await openClock(store);
  const schedule = createSchedule(store, clock);
  const protocols = createProtocols(services);
  const lines: string[] = [];
  const report = (line: string) => void lines.push(line);
  const records = await openRecords(store, report);
  const places = { defaultAccount: '000000000000', defaultRegion: 'us-east-1' };
  const running = createKernel({
    ...places,
    store,
    clock,
    timers: schedule.timers,
    services,
    protocols,
    records,
    report,
    endpoint: async () => 'http://127.0.0.1:1',
  });
  const { kernel, answer } = running;
  const clientFor = (account: string, region = 'us-east-1') =>
    new CloudFormationClient({
      region,
      endpoint: 'http://127.0.0.1:1',
      credentials: { accessKeyId: account, secretAccessKey: account },
      requestHandler: createRequestHandler(answer),
      maxAttempts: 1,
    });
  const rig: Rig = {
    kernel,
    client: clientFor('000000000000'),
    things,
    log,
    hook: () => {},
    clientFor,
    advance: schedule.advance,
    async close() {
      await schedule.stop();
      await running.close();
      await records.close();
      await store.close();
      if (lines.length > 0) throw new Error(lines.join('\n'));
    },
  };
  types.push(thing(rig, 'Test::Unit::Thing', true), thing(rig, 'Test::Unit::Fixed', false));
  for (const service of services) await service.start?.(kernel);
  const byName = new Map(services.map((service) => [service.name, service]));
  await schedule.start({
    kernel,
    handler: (service, task) => byName.get(service)?.timers?.[task],
    quiet: running.idle,
  });
  return rig;
}

/** Properties: Name is create-only, Value changes in place. */
function thing(rig: Rig, type: string, updatable: boolean): ResourceType {
  const keep = async (verb: string, context: ResourceContext, physicalId: string, properties: Properties) => {
    rig.log.push(`${verb} ${context.logicalId}`);
    await rig.hook(`${verb} ${context.logicalId}`);
    rig.things.set(physicalId, { properties, tags: context.tags, path: context.origin.constructPath });
    return {
      physicalId,
      ref: `ref:${physicalId}`,
      attributes: { Arn: `arn:thing:${physicalId}`, Value: properties.Value, 'Nested.Value': properties.Value },
    };
  };
  return {
    type,
    createOnly: ['Name'],
    properties: ['Name', 'Value', 'List', 'Tags'],
    async create(context, properties) {
      const physicalId =
        typeof properties.Name === 'string' ? properties.Name : context.generatedName({ maxLength: 40 });
      if (rig.things.has(physicalId)) throw new AwsError('ThingAlreadyExists', `${physicalId} exists`, { status: 409 });
      if (properties.Value === 'half-way') {
        context.claim?.(physicalId);
        rig.things.set(physicalId, { properties, tags: {} });
        throw new AwsError('ThingBroken', 'only half of it was made');
      }
      return keep('create', context, physicalId, properties);
    },
    ...(updatable && {
      update: (context: ResourceContext, physicalId: string, properties: Properties) =>
        keep('update', context, physicalId, properties),
    }),
    async delete(context, physicalId) {
      rig.log.push(`delete ${context.logicalId}`);
      await rig.hook(`delete ${context.logicalId}`);
      rig.things.delete(physicalId);
    },
  };
}

export function refuse(step: string, message = 'no'): (step: string) => void {
  return (asked) => {
    if (asked === step) throw new AwsError('ThingRefused', message);
  };
}

type Resources = Record<string, { Type?: string; Properties?: object; [member: string]: unknown }>;

/** A template of things: the type is filled in. */
export function template(resources: Resources, more: object = {}): string {
  const typed = Object.entries(resources).map(([id, it]) => [id, { Type: 'Test::Unit::Thing', ...it }]);
  return JSON.stringify({ Resources: Object.fromEntries(typed), ...more });
}
