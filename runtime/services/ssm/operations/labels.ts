/** Labels of versions and tags of parameters. Source: Systems Manager API Reference, "LabelParameterVersion". */
import type * as Ssm from '@aws-sdk/client-ssm';
import type { Handlers } from '../../../kernel/service';
import { invalidResourceId, invalidResourceType, labelLimit, parameterNotFound, versionNotFound } from '../errors';
import { readParameter, versionsOf, writeParameter, writeVersion } from '../state';
import { listTags, readTags } from '../tags';

const labelsPerVersion = 10;
const isLabel = (label: string) => /^[a-zA-Z_.-][\w.-]{0,99}$/.test(label) && !/^(aws|ssm)/i.test(label);

function mustBeParameter(type: string | undefined): void {
  if (type !== 'Parameter') throw invalidResourceType(String(type));
}

export const labelHandlers = {
  async LabelParameterVersion(call, input) {
    const wanted = [...new Set(input.Labels)];
    const labels = wanted.filter(isLabel);
    return call.kernel.store.write(async (tx) => {
      const name = input.Name!;
      const parameter = await readParameter(tx, call, name);
      if (!parameter) throw parameterNotFound(name);
      const version = input.ParameterVersion ?? parameter.latest;
      const rows = await versionsOf(tx, call, name);
      const target = rows.find((row) => row.version === version);
      if (!target) throw versionNotFound(name, String(version));
      const all = [...new Set([...target.labels, ...labels])];
      if (all.length > labelsPerVersion) throw labelLimit();
      for (const row of rows) {
        const rest = row === target ? all : row.labels.filter((label) => !labels.includes(label));
        if (rest.length !== row.labels.length) writeVersion(tx, call, { ...row, labels: rest });
      }
      return { InvalidLabels: wanted.filter((label) => !isLabel(label)), ParameterVersion: version };
    });
  },

  async UnlabelParameterVersion(call, input) {
    return call.kernel.store.write(async (tx) => {
      const name = input.Name!;
      const rows = await versionsOf(tx, call, name);
      if (rows.length === 0) throw parameterNotFound(name);
      const target = rows.find((row) => row.version === input.ParameterVersion);
      if (!target) throw versionNotFound(name, String(input.ParameterVersion));
      const RemovedLabels = input.Labels!.filter((label) => target.labels.includes(label));
      const labels = target.labels.filter((label) => !RemovedLabels.includes(label));
      writeVersion(tx, call, { ...target, labels });
      return { RemovedLabels, InvalidLabels: input.Labels!.filter((label) => !target.labels.includes(label)) };
    });
  },

  async AddTagsToResource(call, input) {
    mustBeParameter(input.ResourceType);
    await call.kernel.store.write(async (tx) => {
      const parameter = await readParameter(tx, call, input.ResourceId!);
      if (!parameter) throw invalidResourceId();
      writeParameter(tx, call, { ...parameter, tags: readTags(input.Tags, parameter.tags) });
    });
    return {};
  },

  async RemoveTagsFromResource(call, input) {
    mustBeParameter(input.ResourceType);
    await call.kernel.store.write(async (tx) => {
      const parameter = await readParameter(tx, call, input.ResourceId!);
      if (!parameter) throw invalidResourceId();
      const left = Object.entries(parameter.tags).filter(([key]) => !input.TagKeys!.includes(key));
      writeParameter(tx, call, { ...parameter, tags: Object.fromEntries(left) });
    });
    return {};
  },

  async ListTagsForResource(call, input) {
    mustBeParameter(input.ResourceType);
    const parameter = await readParameter(call.kernel.store, call, input.ResourceId!);
    if (!parameter) throw invalidResourceId();
    return { TagList: listTags(parameter.tags) };
  },
} satisfies Handlers<typeof Ssm>;
