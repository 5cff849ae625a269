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
    async update(context, physicalId, given, _, before = {}) {
      const { attributes } = look(context, given);
      // When it was made does not change with it.
      const made = Object.entries(before).filter(([name]) => /^Creat/.test(name.split('.').pop()!));
      return { physicalId, attributes: { ...attributes, ...Object.fromEntries(made) } };
    },
    delete: async () => {},
  };
}
