/**
 * Resource types without behaviour: their configuration is held to AWS's registry and kept, and they look as they would
 * on AWS, so that templates around them deploy. Never silently: reports and events say which resources are inert.
 */
import type { Properties, ResourceContext, ResourceType } from '../../../kernel/service';
import { type RegisteredType, registeredType } from '../registry';
import { appearanceOf } from './appearance';

export const INERT_REASON = 'Inert: this runtime keeps the configuration of this resource type and does not act on it';

/** A stand-in for a type that no service has. */
export function inertType(type: string): ResourceType {
  const { properties = [], createOnly = [] }: Partial<RegisteredType> = registeredType(type) ?? {};
  const look = (context: ResourceContext, given: Properties) => appearanceOf(context, type, given);
  return {
    type,
    createOnly,
    properties,
    create: async (context, given) => look(context, given),
    update: async (context, physicalId, given) => ({ ...look(context, given), physicalId }),
    delete: async () => {},
  };
}
