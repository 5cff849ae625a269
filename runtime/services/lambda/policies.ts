/** The policies of functions and layer versions, for the kernel's authorisation. */
import type { AttachedPolicy, Check, PolicySource, ResourceVerdict } from '../../kernel/authorize';
import type { Kernel } from '../../kernel/call';
import { functionKey, layerKey, parseFunctionArn, parseLayerArn } from './names';
import { functions, layerPolicies, layers, type PolicyRow, policies } from './state';

export const functionPolicies: PolicySource = {
  async verdict(kernel: Kernel, { resource }: Check): Promise<ResourceVerdict | undefined> {
    const of = parseFunctionArn(resource);
    if (of) {
      const key = functionKey(of);
      if (!(await kernel.store.get(functions, key))) return undefined;
      const row = await kernel.store.get(policies, [...key, of.qualifier ?? '']);
      return { policies: attached(row, `policy of function ${of.name}`), owner: of.account, sameAccount: 'sufficient' };
    }
    const layer = parseLayerArn(resource);
    if (layer?.version === undefined || !(await kernel.store.get(layers, layerKey(layer)))) return undefined;
    const row = await kernel.store.get(layerPolicies, layerKey(layer));
    const name = `policy of layer ${layer.layer}:${layer.version}`;
    return { policies: attached(row, name), owner: layer.account, sameAccount: 'sufficient' };
  },
};

/** A policy per statement: each may come from another resource of a template. */
function attached(row: PolicyRow | undefined, name: string): AttachedPolicy[] {
  return Object.entries(row?.statements ?? {}).map(([sid, { document, origin }]) => ({
    kind: 'resource',
    name: `statement "${sid}" in the ${name}`,
    document: policyText([document]),
    origin,
  }));
}

/** @param statements JSON texts */
export function policyText(statements: readonly string[]): string {
  return `{"Version":"2012-10-17","Id":"default","Statement":[${statements.join(',')}]}`;
}
