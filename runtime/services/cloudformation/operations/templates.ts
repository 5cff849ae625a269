/** Templates as text: what a stack was deployed from, and what a template declares. */
import type { ParameterDeclaration, ResourceIdentifierSummary } from '@aws-sdk/client-cloudformation';
import { transformsIn } from '../../../engine/template/extensions';
import { isNoEcho } from '../../../engine/template/parameters';
import { parseDocument } from '../../../engine/template/parse';
import { dependencies } from '../../../engine/template/references';
import { readTemplate, type Template } from '../../../engine/template/template';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import { type Deployer, deployerOf } from '../deployer';
import { missingChangeSet, missingStack } from '../errors';
import { metadataOf, templateText } from '../source';
import { identifierOf } from '../stacks/adopt';
import { neededCapabilities, refuseUnknownTypes, transformed } from '../stacks/prepare';
import { findChangeSet, readTemplateText, type Stack } from '../state';
import { here, stackNamed } from './views';

type Client = typeof import('@aws-sdk/client-cloudformation');

export const templateHandlers: Handlers<Client> = {
  /** Byte for byte what was sent: clients compare. Processed is the same, but where there are transforms. */
  async GetTemplate(call, { StackName, ChangeSetName, TemplateStage }) {
    const shown = async (text: string, at: Stack, parameters: Stack['parameters']) =>
      TemplateStage === 'Processed' ? processed(call, text, at, parameters) : text;
    const stages: ('Original' | 'Processed')[] = ['Original', 'Processed'];
    if (ChangeSetName) {
      const stack = StackName ? await stackNamed(call, StackName) : undefined;
      const found = await findChangeSet(call.kernel.store, here(call), ChangeSetName, stack);
      if (!found) throw missingChangeSet(ChangeSetName);
      const stage = `changeSet/${found.changeSet.name}` as const;
      const text = (await readTemplateText(call.kernel.store, found.stack, stage)) ?? '{}';
      const TemplateBody = await shown(text, found.stack, found.changeSet.parameters);
      return { TemplateBody, StagesAvailable: stages };
    }
    const stack = await stackNamed(call, StackName);
    // A stack under review has no template yet.
    const text = (await readTemplateText(call.kernel.store, stack, 'current')) ?? '{}';
    const TemplateBody = await shown(text, stack, stack.parameters);
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

/** A template after its transforms, as JSON; one without is what was sent. */
async function processed(call: Call, text: string, at: Stack, parameters: Stack['parameters']): Promise<string> {
  const document = parseDocument(text);
  if (transformsIn(document).length === 0 && !text.includes('Fn::Transform')) return text;
  const { Transform: _, ...rest } = await transformed(call.peers, document, at, parameters);
  return JSON.stringify(rest);
}

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
      types.length > 0 ? `The following resource(s) require capabilities: [${types.join(', ')}]` : undefined,
    DeclaredTransforms: [...template.transforms],
  };
}
