/**
 * Virtual MFA devices. Sources: IAM API reference, "CreateVirtualMFADevice" and its neighbours; IAM user guide, "Assign
 * a virtual MFA device", "Resynchronize virtual and hardware MFA devices".
 */
import type * as Iam from '@aws-sdk/client-iam';
import { findStep, fromBase32, stepAt } from '../../../engine/totp';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import { holderName, holderNamed } from '../devices';
import { findHolder } from '../entities';
import {
  constraint,
  deviceExists,
  deviceInUse,
  deviceNotFound,
  deviceNotOfUser,
  deviceTaken,
  invalidCode,
  quota,
} from '../errors';
import { arnIn, checkName, checkPath, timeOf } from '../names';
import { pageOf } from '../paging';
import { qrPng } from '../qr';
import { type DeviceRow, deleteDevice, devicesOf, readDevice, scanDevices, writeDevice } from '../state';
import { addTags, listTags, removeTags } from '../tags';
import { byKey, userOf } from './users';

/** Letters of base32, of five bits each: AWS's seeds are as long. */
const SEED_LETTERS = 64;
/** Source: IAM user guide, "IAM and AWS STS quotas": MFA devices of a user, and of the root user. */
const DEVICES_PER_HOLDER = 8;
/** How far a device's clock may be off when it is enabled, and when it is synchronized: steps of 30 seconds. */
const ENABLE_STEPS = 2;
const RESYNC_STEPS = 2_880;

type Reader = Parameters<typeof readDevice>[0];

async function find(from: Reader, call: Call, serialNumber: string): Promise<DeviceRow> {
  const row = await readDevice(from, call.account, serialNumber);
  if (!row) throw deviceNotFound(serialNumber);
  return row;
}

/** A device that is enabled for this holder. @throws NoSuchEntity */
async function findOf(from: Reader, call: Call, serialNumber: string, holder: string): Promise<DeviceRow> {
  if (holder !== '') await findHolder(from, 'user', call.account, holder);
  const row = await readDevice(from, call.account, serialNumber);
  if (row?.holder !== holder) throw deviceNotOfUser();
  return row;
}

function codesOf(input: Pick<Iam.EnableMFADeviceCommandInput, 'AuthenticationCode1' | 'AuthenticationCode2'>) {
  const { AuthenticationCode1: first = '', AuthenticationCode2: second = '' } = input;
  for (const [i, code] of [first, second].entries())
    if (!/^\d{6}$/.test(code))
      throw constraint(`authenticationCode${i + 1}`, code, 'satisfy regular expression pattern: [\\d]{6}');
  return [first, second];
}

/** The step of the second of two codes that follow each other. @throws InvalidAuthenticationCode */
function secondStep(row: DeviceRow, codes: readonly string[], call: Call, within: number): number {
  const { now } = call;
  const first = findStep(fromBase32(row.seed), codes, { around: stepAt(now) - 1, within, after: row.lastStep });
  if (first === undefined) throw invalidCode();
  return first + 1;
}

async function virtualDevice(call: Call, row: DeviceRow): Promise<Iam.VirtualMFADevice> {
  const { holder, enabled } = row;
  const root = {
    Path: '/',
    UserName: undefined,
    UserId: call.account,
    Arn: arnIn(call, 'root'),
    CreateDate: timeOf(0),
  };
  const user =
    holder === undefined || holder === ''
      ? holder === '' && root
      : userOf(call, await findHolder(call.kernel.store, 'user', call.account, holder));
  return {
    SerialNumber: row.serialNumber,
    ...(user ? { User: user } : {}),
    ...(enabled === undefined ? {} : { EnableDate: timeOf(enabled) }),
  };
}

export const mfaHandlers = {
  async CreateVirtualMFADevice(call, input) {
    const name = checkName('virtualMFADeviceName', input.VirtualMFADeviceName!);
    const path = checkPath(input.Path);
    const tags = addTags(input.Tags);
    const serialNumber = arnIn(call, `mfa${path}${name}`);
    const seed = call.kernel.random.base32(SEED_LETTERS);
    await call.kernel.store.write(async (tx) => {
      if (await readDevice(tx, call.account, serialNumber)) throw deviceExists();
      writeDevice(tx, call.account, { serialNumber, seed, tags });
    });
    const label = encodeURIComponent(`${name}@${call.account}`);
    return {
      VirtualMFADevice: {
        SerialNumber: serialNumber,
        Base32StringSeed: Buffer.from(seed),
        QRCodePNG: await qrPng(`otpauth://totp/${label}?secret=${seed}`),
        ...(input.Tags?.length ? { Tags: listTags(tags) } : {}),
      },
    };
  },

  async EnableMFADevice(call, input) {
    const codes = codesOf(input);
    const holder = holderNamed(call, input.UserName);
    await call.kernel.store.write(async (tx) => {
      if (holder !== '') await findHolder(tx, 'user', call.account, holder);
      const row = await find(tx, call, input.SerialNumber!);
      if (row.holder !== undefined) throw deviceTaken();
      const { length } = await devicesOf(tx, call.account, holder);
      if (length >= DEVICES_PER_HOLDER) throw quota('MFADevicesPerUser', DEVICES_PER_HOLDER);
      const lastStep = secondStep(row, codes, call, ENABLE_STEPS);
      writeDevice(tx, call.account, { ...row, holder, enabled: call.now, lastStep });
    });
    return {};
  },

  async ResyncMFADevice(call, input) {
    const codes = codesOf(input);
    const holder = holderNamed(call, input.UserName);
    await call.kernel.store.write(async (tx) => {
      const row = await findOf(tx, call, input.SerialNumber!, holder);
      const lastStep = secondStep(row, codes, call, RESYNC_STEPS);
      writeDevice(tx, call.account, { ...row, lastStep, driftSteps: lastStep - stepAt(call.now) });
    });
    return {};
  },

  async DeactivateMFADevice(call, input) {
    const wanted = holderNamed(call, input.UserName);
    await call.kernel.store.write(async (tx) => {
      const row = await findOf(tx, call, input.SerialNumber!, wanted);
      const { holder: _, enabled: __, lastStep: ___, driftSteps: ____, ...free } = row;
      deleteDevice(tx, call.account, row);
      writeDevice(tx, call.account, free);
    });
    return {};
  },

  async DeleteVirtualMFADevice(call, input) {
    await call.kernel.store.write(async (tx) => {
      const row = await find(tx, call, input.SerialNumber!);
      if (row.holder !== undefined) throw deviceInUse();
      deleteDevice(tx, call.account, row);
    });
    return {};
  },

  async GetMFADevice(call, input) {
    const { store } = call.kernel;
    const row = await readDevice(store, call.account, input.SerialNumber!);
    const wanted = input.UserName === undefined ? row?.holder : holderNamed(call, input.UserName);
    if (row?.holder === undefined || row.holder !== wanted) throw deviceNotFound(input.SerialNumber!);
    return {
      UserName: holderName(row.holder),
      SerialNumber: row.serialNumber,
      EnableDate: timeOf(row.enabled!),
    };
  },

  async ListMFADevices(call, input) {
    const { store } = call.kernel;
    const holder = holderNamed(call, input.UserName);
    if (holder !== '') await findHolder(store, 'user', call.account, holder);
    const page = await pageOf(await devicesOf(store, call.account, holder), input, ({ serialNumber }) => serialNumber);
    return {
      MFADevices: page.items.map(({ serialNumber, enabled }) => ({
        UserName: holderName(holder),
        SerialNumber: serialNumber,
        EnableDate: timeOf(enabled!),
      })),
      ...page.paging,
    };
  },

  async ListVirtualMFADevices(call, input) {
    const { AssignmentStatus: status = 'Any' } = input;
    const page = await pageOf(
      withStatus(scanDevices(call.kernel.store, call.account), status),
      input,
      ({ serialNumber }) => serialNumber,
    );
    return {
      VirtualMFADevices: await Promise.all(page.items.map((row) => virtualDevice(call, row))),
      ...page.paging,
    };
  },

  async TagMFADevice(call, input) {
    await call.kernel.store.write(async (tx) => {
      const row = await find(tx, call, input.SerialNumber!);
      writeDevice(tx, call.account, { ...row, tags: addTags(input.Tags, row.tags) });
    });
    return {};
  },

  async UntagMFADevice(call, input) {
    await call.kernel.store.write(async (tx) => {
      const row = await find(tx, call, input.SerialNumber!);
      writeDevice(tx, call.account, { ...row, tags: removeTags(input.TagKeys!, row.tags) });
    });
    return {};
  },

  async ListMFADeviceTags(call, input) {
    const { tags } = await find(call.kernel.store, call, input.SerialNumber!);
    const page = await pageOf(listTags(tags).sort(byKey), input, ({ Key }) => Key!);
    return { Tags: page.items, ...page.paging };
  },
} satisfies Handlers<typeof Iam>;

async function* withStatus(rows: AsyncIterable<{ readonly value: DeviceRow }>, status: string) {
  for await (const { value } of rows) {
    if (status === 'Any' || (status === 'Assigned') === (value.holder !== undefined)) yield value;
  }
}

/** Devices of the account: all, and those in use, the root user's apart. For GetAccountSummary. */
export async function countDevices(call: Call): Promise<Readonly<Record<string, number>>> {
  let MFADevices = 0;
  let MFADevicesInUse = 0;
  let AccountMFAEnabled = 0;
  for await (const { value } of scanDevices(call.kernel.store, call.account)) {
    MFADevices++;
    if (value.holder !== undefined) MFADevicesInUse++;
    if (value.holder === '') AccountMFAEnabled = 1;
  }
  return { MFADevices, MFADevicesInUse, AccountMFAEnabled };
}
