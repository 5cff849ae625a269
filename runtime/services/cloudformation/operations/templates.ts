/** Templates as text: what a stack was deployed from, and what a template declares. */
import type { ParameterDeclaration, ResourceIdentifierSummary } from '@aws-sdk/client-cloudformation';
import { isNoEcho } from '../../../engine/template/parameters';
import { dependencies } from '../../../engine/template/references';
import { readTemplate, type Template } from '../../../engine/template/template';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import { type Deployer, deployerOf } from '../deployer';
import { missingChangeSet, missingStack } from '../errors';
import { metadataOf, templateText } from '../source';
import { identifierOf } from '../stacks/adopt';
import { neededCapabilities, refuseUnknownTypes } from '../stacks/prepare';
import { findChangeSet, readTemplateText } from '../state';
import { here, stackNamed } from './views';

type Client = typeof import('@aws-sdk/client-cloudformation');

export const templateHandlers: Handlers<Client> = {
  /** Byte for byte what was sent: clients compare. */
  async GetTemplate(call, { StackName, ChangeSetName }) {
    const stages: ('Original' | 'Processed')[] = ['Original', 'Processed'];
    if (ChangeSetName) {
      const stack = StackName ? await stackNamed(call, StackName) : undefined;
      const found = await findChangeSet(call.kernel.store, here(call), ChangeSetName, stack);
      if (!found) throw missingChangeSet(ChangeSetName);
      const stage = `changeSet/${found.changeSet.name}` as const;
      return { TemplateBody: await readTemplateText(call.kernel.store, found.stack, stage), StagesAvailable: stages };
    }
    const stack = await stackNamed(call, StackName);
    // A stack under review has no template yet.
    const TemplateBody = (await readTemplateText(call.kernel.store, stack, 'current')) ?? '{}';
    return { TemplateBody, StagesAvailable: stages };
  },

  async GetTemplateSummary(call, input) {
    const text = input.StackName ? await deployedText(call, input.StackName) : await templateText(call, input);
    const template = readTemplate(text);
    const types = [...template.resources.values()].map(({ type }) => type);
    return {
      ...declared(template),
      Parameters: [...template.parameters].map(([ParameterKey, definition]): ParameterDeclaration => {
        const { Type, Default, Description, AllowedValues } = definition;
        return {
          ParameterKey,
          DefaultValue: Default === undefined ? undefined : String(Default),
          ParameterType: Type,
          NoEcho: isNoEcho(definition),
          Description,
          ParameterConstraints: { AllowedValues: AllowedValues?.map(String) },
        };
      }),
      ResourceTypes: [...new Set(types)],
      ResourceIdentifierSummaries: identifiersIn(template, deployerOf(call.kernel)),
      Version: '2010-09-09',
      Metadata: metadataOf(text),
    };
  },

  async ValidateTemplate(call, input) {
    const template = readTemplate(await templateText(call, input));
    dependencies(template.resources, new Map());
    refuseUnknownTypes(deployerOf(call.kernel), template);
    return {
      ...declared(template),
      Parameters: [...template.parameters].map(([ParameterKey, definition]) => ({
        ParameterKey,
        DefaultValue: definition.Default === undefined ? undefined : String(definition.Default),
        NoEcho: isNoEcho(definition),
        Description: definition.Description,
      })),
    };
  },
};

/** By which properties resources would be told apart in an import; types that cannot be imported are left out. */
function identifiersIn({ resources }: Template, deployer: Deployer): ResourceIdentifierSummary[] {
  const ids = new Map<string, string[]>();
  for (const [id, { type }] of resources) {
    if (identifierOf(deployer.type(type)) !== undefined) ids.set(type, [...(ids.get(type) ?? []), id]);
  }
  return [...ids].map(([ResourceType, LogicalResourceIds]) => ({
    ResourceType,
    LogicalResourceIds,
    ResourceIdentifiers: [identifierOf(deployer.type(ResourceType))!],
  }));
}

async function deployedText(call: Call, name: string): Promise<string> {
  const stack = await stackNamed(call, name, missingStack.change);
  return (await readTemplateText(call.kernel.store, stack, 'current')) ?? '{}';
}

function declared(template: Template) {
  const { needed, types } = neededCapabilities(template);
  return {
    Description: template.description,
    Capabilities: needed as 'CAPABILITY_IAM'[],
    CapabilitiesReason:
      needed.length > 0 ? `The following resource(s) require capabilities: [${types.join(', ')}]` : undefined,
    DeclaredTransforms: [],
  };
}
