/** An authenticator app: it was shown a seed, and shows codes by the runtime's clock. */
import { CreateVirtualMFADeviceCommand, EnableMFADeviceCommand, type IAMClient } from '@aws-sdk/client-iam';
import type { Coffer } from '@coffer/runtime';
import { codeAt, fromBase32, stepAt } from '../../runtime/engine/totp';

export interface Authenticator {
  readonly serialNumber: string;
  /** The code of now, or of some steps of 30 seconds from now. */
  code(steps?: number): string;
}

export async function newDevice(coffer: Coffer, iam: IAMClient, name: string): Promise<Authenticator> {
  const { VirtualMFADevice: device } = await iam.send(
    new CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: name }),
  );
  const seed = fromBase32(Buffer.from(device!.Base32StringSeed!).toString());
  return {
    serialNumber: device!.SerialNumber!,
    code: (steps = 0) => codeAt(seed, stepAt(coffer.clock.now().getTime()) + steps),
  };
}

/** Enables a device and lets the codes that took be over. */
export async function enable(
  coffer: Coffer,
  iam: IAMClient,
  { serialNumber, code }: Authenticator,
  UserName: string,
): Promise<void> {
  const [AuthenticationCode1, AuthenticationCode2] = [code(), code(1)];
  await iam.send(
    new EnableMFADeviceCommand({ UserName, SerialNumber: serialNumber, AuthenticationCode1, AuthenticationCode2 }),
  );
  await coffer.clock.advance({ minutes: 1 });
}
