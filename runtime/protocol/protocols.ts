/** This floor, assembled: the services' wires in, routing, binding and writing out. See `port.ts`. */
import { createCatalogue } from './catalogue';
import { unknownOperation, unknownService } from './errors';
import { writeFailure } from './failure';
import { compileOperation } from './operation';
import type { Operation, Protocols } from './port';
import { createRouter } from './route';
import type { ProtocolName, Wire } from './wire';

export function createProtocols(services: readonly { readonly name: string; readonly wire: Wire }[]): Protocols {
  const catalogue = createCatalogue(services);
  const router = createRouter(catalogue);
  const compiled = new Map<string, Operation>();

  function compile(service: string, operation: string, protocol: ProtocolName): Operation {
    const entry = catalogue.named(service);
    if (!entry) throw unknownService(service);
    const schema = entry.client.operations.get(operation);
    if (!schema) throw unknownOperation(protocol, operation);
    return compileOperation(entry, schema, protocol);
  }

  return {
    needsForm: router.needsForm,
    route: router.route,
    operation({ service, operation, protocol }) {
      const key = `${service} ${operation} ${protocol}`;
      let found = compiled.get(key);
      if (!found) {
        found = compile(service, operation, protocol);
        compiled.set(key, found);
      }
      return found;
    },
    writeError(error, route, context) {
      const { entry, protocol } = route
        ? { entry: catalogue.named(route.service), protocol: route.protocol }
        : router.guess(context.request);
      return writeFailure(error, entry, protocol, context);
    },
    operations: (service) => [...(catalogue.named(service)?.client.operations.keys() ?? [])],
  };
}
