/**
 * Every operation of every client in use, both ways: what the vendor's client sends is bound here to what it was given,
 * and what is written here is read by the vendor's client as what was written. Inputs, outputs and errors are made from
 * the schema by a seed.
 */
import { AwsError } from '../../runtime/base/errors';
import { createProtocols } from '../../runtime/protocol/protocols';
import { readClient } from '../../runtime/protocol/schema';
import { handlerOf } from './exchange';
import { isEventStream, type Sample, sampleOf, seeded } from './samples';
import { type ServiceName, serviceNames, services, wires } from './wires';

const SEEDS = [1, 2, 3];
const protocols = createProtocols(services);

/** Members that the vendor's middleware rewrites before they are sent or after they are read. */
const REWRITTEN: Partial<Record<ServiceName, readonly string[]>> = {
  s3: [
    'SSECustomerKey',
    'SSECustomerKeyMD5',
    'CopySourceSSECustomerKey',
    'CopySourceSSECustomerKeyMD5',
    'ExpiresString',
    'Expires',
    'ContentLength',
    'ContentMD5',
    'ContentRange',
  ],
};

// biome-ignore lint/suspicious/noExplicitAny: all clients alike
type Vendor = any;

function clientOf(service: ServiceName, handler: object): Vendor {
  const vendor: Vendor = wires[service].client();
  const Client = Object.entries(vendor).find(
    ([name]) => /^[A-Za-z0-9]+Client$/.test(name) && name !== '__Client',
  )?.[1] as Vendor;
  return new Client({
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    requestHandler: handler,
    maxAttempts: 1,
    disableHostPrefix: true,
    md5: false,
    useQueueUrlAsEndpoint: false,
    forcePathStyle: true,
  });
}

const context = { requestId: 'REQUEST', hostId: 'HOST' };

/** Blobs as text, absent members left out, streams read: what is left must be equal. */
async function plain(value: unknown): Promise<unknown> {
  if (value instanceof Date) return value;
  if (value instanceof Uint8Array) return `bytes:${Buffer.from(value).toString('hex')}`;
  if (Array.isArray(value)) return Promise.all(value.map(plain));
  if (value && typeof value === 'object') {
    if ('transformToByteArray' in value) return plain(await (value as Vendor).transformToByteArray());
    const entries = await Promise.all(
      Object.entries(value).map(async ([key, item]) => [key, await plain(item)] as const),
    );
    return Object.fromEntries(entries.filter(([key, item]) => item !== undefined && key !== '$metadata'));
  }
  return value;
}

describe.each(serviceNames)('%s', (service) => {
  const { operations, error: errorNamed } = readClient(wires[service]);
  const skip = REWRITTEN[service] ?? [];

  const cases = [...operations.values()].filter(
    ({ input, output }) =>
      ![...(input?.members ?? []), ...(output?.members ?? [])].some(({ shape }) => isEventStream(shape)),
  );

  test.each(cases.map((operation) => [operation.name, operation] as const))('%s', async (name, { input, output }) => {
    for (const seed of SEEDS) {
      const random = seeded(seed);
      const given: Sample = input ? sampleOf(input, random, skip) : {};
      const answered: Sample = output ? sampleOf(output, random, skip) : {};
      if ('StatusCode' in answered) answered.StatusCode = 200;
      if ('Status' in answered && name === 'InvokeAsync') answered.Status = 202;
      let bound: Sample | undefined;
      const client = clientOf(
        service,
        handlerOf((request, body) => {
          const form = protocols.needsForm(request, service) ? body : undefined;
          const route = protocols.route(request, wires[service].signingNames[0], form);
          expect(route).toMatchObject({ service, operation: name });
          const operation = protocols.operation(route);
          bound = operation.bindHead(request, route);
          if (operation.streamsInput) {
            const stream = input?.members.find(({ traits }) => traits.httpPayload)?.name as string;
            if (given[stream] !== undefined) bound[stream] = body;
          } else operation.bindBody(body, bound, request);
          return operation.write(answered, context);
        }),
      );
      const result = await client.send(new (wires[service].client() as Vendor)[`${name}Command`](given));
      expect(await plain(bound)).toMatchObject((await plain(given)) as object);
      expect(await plain(result)).toEqual(await plain(answered));
      client.destroy();
    }
  });
});
