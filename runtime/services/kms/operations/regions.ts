/** Multi-Region keys: replicas in other Regions and which of the related keys leads. */
import type * as Kms from '@aws-sdk/client-kms';
import type { Handlers } from '../../../kernel/service';
import { alreadyExists, invalidState, limitExceeded, unsupported, validation } from '../errors';
import { arnOf, findKey, metadataOf, mustBeEnabled, needKey, ownKey } from '../keys';
import { checkPolicy, defaultPolicy } from '../policies';
import { cancelRotation, related, resumeRotation } from '../rotation';
import { type KeyRow, materialsOf, writeKey, writeMaterial, writePolicy } from '../state';
import { listTags, readTags } from '../tags';
import { checkDescription } from './keys';

/** The form of a Region's name; which Regions exist is not this runtime's to say. */
const regionName = /^[a-z]{2}(-[a-z]+)+-\d$/;
const replicaLimit = 20;

export const regionHandlers = {
  async ReplicateKey(call, input) {
    const { account, partition, keyId } = await findKey(call, input.KeyId!, ownKey);
    const region = input.ReplicaRegion!;
    if (!regionName.test(region)) throw validation(`${region} is not the name of a Region.`);
    const place = { account, partition, region, keyId };
    const document = input.Policy ?? defaultPolicy(partition, account);
    if (input.Policy !== undefined)
      await checkPolicy(call, arnOf(place), document, input.BypassPolicyLockoutSafetyCheck);
    const tags = readTags(input.Tags);
    const description = checkDescription(input.Description ?? '');

    const replica = await call.kernel.store.write(async (tx) => {
      const source = await needKey(tx, {
        ...place,
        region: call.region,
        arn: arnOf({ ...place, region: call.region }),
      });
      mustBeEnabled(source);
      if (source.multiRegion?.primary !== source.region)
        throw unsupported(`${arnOf(source)} is not a multi-Region primary key.`);
      if (source.origin === 'EXTERNAL') throw unsupported('Replicas of keys with imported material are not supported.');
      const { primary, replicas } = source.multiRegion;
      if ([primary, ...replicas].includes(region)) throw alreadyExists(`${arnOf(place)} already exists.`);
      if (replicas.length >= replicaLimit) throw limitExceeded(`A key has at most ${replicaLimit} replicas.`);
      const multiRegion = { primary, replicas: [...replicas, region] };
      for (const row of await related(tx, source)) writeKey(tx, { ...row, multiRegion });
      for (const { id, row } of await materialsOf(tx, source)) writeMaterial(tx, region, id, row);
      const made: KeyRow = { ...source, region, created: call.now, description, tags, aliases: [], multiRegion };
      writeKey(tx, made);
      writePolicy(tx, made, { document, origin: call.origin });
      return made;
    });
    return { ReplicaKeyMetadata: metadataOf(replica), ReplicaPolicy: document, ReplicaTags: listTags(tags) };
  },

  async UpdatePrimaryRegion(call, input) {
    const { kernel } = call;
    const found = await findKey(call, input.KeyId!, ownKey);
    const region = input.PrimaryRegion!;
    await kernel.store.write(async (tx) => {
      const old = await needKey(tx, { ...found, arn: arnOf(found) });
      mustBeEnabled(old);
      if (old.multiRegion?.primary !== old.region)
        throw unsupported(`${arnOf(old)} is not a multi-Region primary key.`);
      if (region === old.region) return;
      if (!old.multiRegion.replicas.includes(region)) throw invalidState(arnOf(old), `has no replica key in ${region}`);
      const replicas = [...old.multiRegion.replicas.filter((one) => one !== region), old.region];
      const rotation = old.rotation;
      if (rotation) await cancelRotation(tx, kernel.timers, old);
      for (const row of await related(tx, old)) {
        const moved = { ...row, rotation, multiRegion: { primary: region, replicas } };
        writeKey(tx, moved);
        if (moved.region === region) await resumeRotation(tx, kernel.timers, moved);
      }
    });
    return {};
  },
} satisfies Handlers<typeof Kms>;
