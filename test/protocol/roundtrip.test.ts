/**
 * Every operation of every client in use, both ways: what the vendor's client sends is bound here to what it was given,
 * and what is written here is read by the vendor's client as what was written. Inputs, outputs and errors are made from
 * the schema by a seed. Some services are spoken to in a second protocol, as older or newer clients do.
 */
import { AwsQueryProtocol, AwsSmithyRpcV2CborProtocol } from '@aws-sdk/core/protocols';
import { AwsError } from '../../runtime/base/errors';
import { createProtocols } from '../../runtime/protocol/protocols';
import { type OperationSchema, readClient } from '../../runtime/protocol/schema';
import type { ProtocolName } from '../../runtime/protocol/wire';
import { handlerOf } from './exchange';
import { isEventStream, type Random, type Sample, sampleOf, seeded } from './samples';
import { type ServiceName, serviceNames, services, wires } from './wires';

/** More of them find no more in a second: the operations vary enough. `COFFER_SEEDS=50` looks further. */
const SEEDS = Array.from({ length: Number(process.env.COFFER_SEEDS ?? 1) }, (_, index) => index + 1);
const protocols = createProtocols(services);
const context = { requestId: 'REQUEST', hostId: 'HOST' };

interface Face {
  readonly service: ServiceName;
  readonly protocol: ProtocolName;
  /** The vendor's protocol class, where it is not the client's own. */
  readonly speaks?: unknown;
}

const faces: Face[] = [
  ...serviceNames.map((service) => ({ service, protocol: wires[service].protocols[0] as ProtocolName })),
  { service: 'sqs', protocol: 'awsQuery', speaks: AwsQueryProtocol },
  { service: 'sqs', protocol: 'rpcv2Cbor', speaks: AwsSmithyRpcV2CborProtocol },
  { service: 'logs', protocol: 'rpcv2Cbor', speaks: AwsSmithyRpcV2CborProtocol },
];

/** Members that the vendor's middleware makes or changes itself; in SQS one that shares another's name in Query. */
const ALGORITHMS = [
  'SHA1',
  'SHA256',
  'SHA512',
  'MD5',
  'CRC32',
  'CRC32C',
  'CRC64NVME',
  'XXHASH3',
  'XXHASH64',
  'XXHASH128',
];
const REWRITTEN: Partial<Record<ServiceName, readonly string[]>> = {
  sqs: ['MessageSystemAttributeNames'],
  s3: [
    ...['SSECustomerKey', 'SSECustomerKeyMD5', 'CopySourceSSECustomerKey', 'CopySourceSSECustomerKeyMD5'],
    ...['Expires', 'ExpiresString', 'ContentLength', 'ContentMD5', 'ContentRange'],
    ...ALGORITHMS.map((algorithm) => `Checksum${algorithm}`),
  ],
};

/** What a client needs so that it sends what it is given. */
const CONFIGURATION: Partial<Record<ServiceName, object>> = {
  sqs: { md5: false, useQueueUrlAsEndpoint: false },
  // Its own puts accounts and access points into host names, as far as they look like some.
  s3control: { endpointProvider: () => ({ url: new URL('http://localhost') }) },
};
/** Members without which an operation is not told from one of another service. */
const NEEDED: Partial<Record<ServiceName, Sample>> = { s3control: { AccountId: '000000000000' } };
/** Operations that name no account are those of S3 on Outposts, on hosts of its own. */
const ELSEWHERE: Partial<Record<ServiceName, readonly string[]>> = { s3control: ['CreateBucket'] };

// biome-ignore lint/suspicious/noExplicitAny: all clients alike
type Vendor = any;

type Answer = Parameters<typeof handlerOf>[0];

function clientOf({ service, speaks }: Face, answer: Answer): Vendor {
  const vendor: Vendor = wires[service].client();
  const name = Object.keys(vendor).find((key) => /^[A-Za-z0-9]+Client$/.test(key)) as string;
  return new vendor[name]({
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    requestHandler: handlerOf(answer),
    maxAttempts: 1,
    disableHostPrefix: true,
    forcePathStyle: true,
    ...CONFIGURATION[service],
    ...(speaks ? { protocol: speaks } : {}),
  });
}

const send = (face: Face, client: Vendor, operation: string, input: Sample) =>
  client.send(new (wires[face.service].client() as Vendor)[`${operation}Command`](input));

/** Blobs as text, absent and skipped members left out, streams read: what is left must be equal. */
async function plain(value: unknown, skip: readonly string[] = []): Promise<unknown> {
  if (value instanceof Date) return value;
  if (value instanceof Uint8Array) return `bytes:${Buffer.from(value).toString('hex')}`;
  if (Array.isArray(value)) return Promise.all(value.map((item) => plain(item)));
  if (value && typeof value === 'object') {
    if ('transformToByteArray' in value) return plain(await (value as Vendor).transformToByteArray());
    const entries = await Promise.all(
      Object.entries(value).map(async ([key, item]) => [key, await plain(item)] as const),
    );
    return Object.fromEntries(entries.filter(([key, item]) => item != null && !skip.includes(key)));
  }
  return value;
}

const streams = ({ input, output }: OperationSchema) =>
  [...(input?.members ?? []), ...(output?.members ?? [])].some(({ shape }) => isEventStream(shape));

describe.each(faces.map((face) => [`${face.service} in ${face.protocol}`, face] as const))('%s', (_, face) => {
  const { service, protocol } = face;
  const { operations, error: errorNamed } = readClient(wires[service]);
  const skip = REWRITTEN[service] ?? [];
  let answer: Answer;
  const client = clientOf(face, (request, body) => answer(request, body));
  afterAll(() => client.destroy());

  test('every operation', async () => {
    for (const operation of operations.values()) {
      if (ELSEWHERE[service]?.includes(operation.name)) continue;
      if (!streams(operation)) for (const seed of SEEDS) await exchange(operation, seeded(seed));
    }
  });

  async function exchange({ name, input, output, http }: OperationSchema, random: Random) {
    const given = { ...(input ? sampleOf(input, random, skip) : {}), ...NEEDED[service] };
    const answered = output ? sampleOf(output, random, skip) : {};
    const status = output?.members.find(({ traits }) => traits.httpResponseCode)?.name;
    if (status) answered[status] = http?.status;
    let bound: Sample = {};
    answer = (request, body) => {
      const form = protocols.needsForm(request, service) ? body : undefined;
      const route = protocols.route(request, wires[service].signingNames[0], form);
      expect(route).toMatchObject({ service, operation: name, protocol });
      const operation = protocols.operation(route);
      bound = operation.bindHead(request, route);
      if (operation.streamsInput) {
        const stream = input?.members.find(({ traits }) => traits.httpPayload)?.name as string;
        if (given[stream] !== undefined) bound[stream] = body;
      } else operation.bindBody(body, bound, request);
      return operation.write(answered, context);
    };
    const result = await send(face, client, name, given);
    expect({ name, input: await plain(bound) }).toMatchObject({ name, input: await plain(given) });
    expect({ name, output: await plain(result, ['$metadata', ...skip]) }).toEqual({
      name,
      output: await plain(answered),
    });
  }

  test('its errors', async () => {
    const [operation] = [...operations.values()].filter(
      ({ input }) => !input?.members.some(({ required }) => required),
    );
    const errors = Object.values(wires[service].client() as Record<string, unknown[]>).filter(
      (raw) => Array.isArray(raw) && raw[0] === -3 && !String(raw[1]).startsWith('smithy.ts'),
    );
    expect(errors.length).toBeGreaterThan(10);
    for (const [, , name] of errors as [number, string, string][]) {
      const structure = errorNamed(name);
      const fields = structure ? sampleOf(structure, seeded(7), ['message', 'Message']) : {};
      const status = structure?.traits.httpError ?? 400;
      const error = new AwsError(name, 'what went wrong', { status, fields });
      const route = { service, operation: operation.name, protocol, labels: {} };
      answer = (request) => protocols.writeError(error, route, { ...context, request });
      const thrown = await send(face, client, operation.name, {}).catch((reason: unknown) => reason);
      expect(thrown).toMatchObject({ name, message: 'what went wrong', $metadata: { httpStatusCode: status } });
      expect(await plain({ ...thrown })).toMatchObject((await plain(fields)) as object);
      expect(thrown.$metadata.requestId).toBe('REQUEST');
    }
  });
});
