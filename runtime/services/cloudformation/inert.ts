/**
 * Resource types without behaviour: their configuration is kept, they get a name, and attributes are made up from it
 * so that templates around them deploy. Never silently: reports and events say which resources are inert.
 */
import { formatArn, partitionOf } from '../../base/arn';
import type { ResourceType } from '../../kernel/service';
import type { Incarnation, Place } from './state';

export const INERT_REASON = 'Inert: this runtime keeps the configuration of this resource type and does not act on it';

/** A stand-in for a type that no service has. */
export function inertType(type: string): ResourceType {
  return {
    type,
    createOnly: [],
    properties: [],
    create: async (context) => ({ physicalId: context.generatedName({ maxLength: 128 }) }),
    update: async (_, physicalId) => ({ physicalId }),
    delete: async () => {},
  };
}

/** `Arn` and its kin become an ARN of the type's service; anything else names itself. */
export function inertAttribute(at: Place, { type, physicalId }: Incarnation, name: string): string {
  const [, service, kind] = type.toLowerCase().split('::');
  if (/arn$/i.test(name)) {
    const { account, region } = at;
    const arn = formatArn({
      partition: partitionOf(region),
      service,
      region,
      account,
      resource: `${kind}/${physicalId}`,
    });
    return /^arn$/i.test(name) ? arn : `${arn}/${name.replace(/arn$/i, '').toLowerCase()}`;
  }
  return /^(Id|Name|Ref)$/i.test(name) ? physicalId : `${physicalId}.${name.toLowerCase()}`;
}
