/** Virtual MFA devices of users and of the root user, and what their codes are good for. */
import { inflateSync } from 'node:zlib';
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  CreateVirtualMFADeviceCommand,
  DeactivateMFADeviceCommand,
  DeleteUserCommand,
  DeleteVirtualMFADeviceCommand,
  EnableMFADeviceCommand,
  GetAccountSummaryCommand,
  GetMFADeviceCommand,
  GetUserCommand,
  IAMClient,
  ListMFADevicesCommand,
  ListMFADeviceTagsCommand,
  ListUsersCommand,
  ListVirtualMFADevicesCommand,
  PutUserPolicyCommand,
  ResyncMFADeviceCommand,
  TagMFADeviceCommand,
  UntagMFADeviceCommand,
  UpdateUserCommand,
} from '@aws-sdk/client-iam';
import { AssumeRoleCommand, type Credentials, GetSessionTokenCommand, STSClient } from '@aws-sdk/client-sts';
import { type Coffer, startCoffer } from '@coffer/runtime';
import qrcode from 'qrcode-generator';
import { enable, newDevice } from './authenticator';

const ACCOUNT = '111122223333';
let coffer: Coffer;
let iam: IAMClient;

beforeEach(async () => {
  coffer = await startCoffer({ defaultAccount: ACCOUNT });
  iam = coffer.client(IAMClient, { config: { maxAttempts: 1 } });
  await iam.send(new CreateUserCommand({ UserName: 'ada' }));
});
afterEach(() => coffer.close());

async function refused(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'no error';
  } catch (error) {
    const { name, $metadata, message } = error as Error & { $metadata?: { httpStatusCode?: number } };
    // The vendor's client names some of IAM's errors by their shape.
    return `${$metadata?.httpStatusCode} ${name.replace(/Exception$/, '')}: ${message}`;
  }
}

/** The modules of a QR code, read back from its image. */
function modulesOf(png: Uint8Array): string[] {
  const bytes = Buffer.from(png);
  expect(bytes.subarray(0, 8)).toEqual(Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'));
  const side = bytes.readUInt32BE(16);
  const length = bytes.readUInt32BE(33);
  const rows = inflateSync(bytes.subarray(41, 41 + length));
  const stride = 1 + Math.ceil(side / 8);
  const dark = (x: number, y: number) => (rows[y * stride + 1 + (x >> 3)] & (0x80 >> (x & 7))) === 0;
  const lines: string[] = [];
  for (let y = 22; y < side - 20; y += 5) {
    let line = '';
    for (let x = 22; x < side - 20; x += 5) line += dark(x, y) ? '#' : ' ';
    lines.push(line);
  }
  return lines;
}

describe('a virtual device', () => {
  it('comes with a seed and a picture of it', async () => {
    const { VirtualMFADevice: device } = await iam.send(
      new CreateVirtualMFADeviceCommand({
        VirtualMFADeviceName: 'phone',
        Path: '/staff/',
        Tags: [{ Key: 'a', Value: 'b' }],
      }),
    );
    expect(device).toMatchObject({
      SerialNumber: `arn:aws:iam::${ACCOUNT}:mfa/staff/phone`,
      Tags: [{ Key: 'a', Value: 'b' }],
    });
    const seed = Buffer.from(device!.Base32StringSeed!).toString();
    expect(seed).toMatch(/^[A-Z2-7]{64}$/);
    const expected = qrcode(0, 'M');
    expected.addData(`otpauth://totp/phone%40${ACCOUNT}?secret=${seed}`, 'Byte');
    expected.make();
    const count = [...Array(expected.getModuleCount()).keys()];
    expect(modulesOf(device!.QRCodePNG!)).toEqual(
      count.map((row) => count.map((column) => (expected.isDark(row, column) ? '#' : ' ')).join('')),
    );
    const again = new CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: 'phone', Path: '/staff/' });
    expect(await refused(iam.send(again))).toBe(
      '409 EntityAlreadyExists: MFADevice entity at the same path and name already exists.',
    );
  });

  it('is enabled by two codes that follow each other, of its own and of now', async () => {
    const { serialNumber, code } = await newDevice(coffer, iam, 'phone');
    const other = await newDevice(coffer, iam, 'tablet');
    const tryWith = (AuthenticationCode1: string, AuthenticationCode2: string, UserName = 'ada') =>
      refused(
        iam.send(
          new EnableMFADeviceCommand({
            UserName,
            SerialNumber: serialNumber,
            AuthenticationCode1,
            AuthenticationCode2,
          }),
        ),
      );
    const invalid = '403 InvalidAuthenticationCode: Authentication code for device is not valid.';
    expect(await tryWith(code(1), code())).toBe(invalid);
    expect(await tryWith(code(), code())).toBe(invalid);
    expect(await tryWith(other.code(), other.code(1))).toBe(invalid);
    expect(await tryWith(code(-20), code(-19))).toBe(invalid);
    expect(await tryWith('12345', code())).toMatch(/^400 ValidationError/);
    expect(await tryWith(code(), code(1), 'bob')).toMatch(/^404 NoSuchEntity/);
    expect(await tryWith(code(-1), code())).toBe('no error');
    expect(await tryWith(code(-1), code())).toBe('409 EntityAlreadyExists: MFA Device is already in use.');
    const device = { UserName: 'ada', SerialNumber: serialNumber, EnableDate: expect.any(Date) };
    expect((await iam.send(new ListMFADevicesCommand({ UserName: 'ada' }))).MFADevices).toEqual([device]);
    expect(await iam.send(new GetMFADeviceCommand({ UserName: 'ada', SerialNumber: serialNumber }))).toMatchObject(
      device,
    );
    const { SummaryMap } = await iam.send(new GetAccountSummaryCommand({}));
    expect(SummaryMap).toMatchObject({ MFADevices: 2, MFADevicesInUse: 1, AccountMFAEnabled: 0 });
  });

  it('is listed by whether it is assigned', async () => {
    await newDevice(coffer, iam, 'drawer');
    await enable(coffer, iam, await newDevice(coffer, iam, 'phone'), 'ada');
    await enable(coffer, iam, await newDevice(coffer, iam, 'safe'), 'root');
    const list = async (AssignmentStatus?: 'Any' | 'Assigned' | 'Unassigned') =>
      (await iam.send(new ListVirtualMFADevicesCommand({ AssignmentStatus }))).VirtualMFADevices!.map(
        ({ SerialNumber, User, Base32StringSeed }) =>
          `${SerialNumber!.split('/')[1]} ${User?.Arn?.split(':')[5]} ${Base32StringSeed}`,
      );
    const [drawer, phone, safe] = ['drawer undefined undefined', 'phone user/ada undefined', 'safe root undefined'];
    expect(await list()).toEqual([drawer, phone, safe]);
    expect(await list('Any')).toEqual([drawer, phone, safe]);
    expect(await list('Assigned')).toEqual([phone, safe]);
    expect(await list('Unassigned')).toEqual([drawer]);
    const page = await iam.send(new ListVirtualMFADevicesCommand({ MaxItems: 2 }));
    expect(page.IsTruncated).toBe(true);
    const rest = await iam.send(new ListVirtualMFADevicesCommand({ Marker: page.Marker }));
    expect(rest.VirtualMFADevices).toHaveLength(1);
    const { MFADevices } = await iam.send(new ListMFADevicesCommand({}));
    expect(MFADevices).toMatchObject([{ UserName: 'root', SerialNumber: `arn:aws:iam::${ACCOUNT}:mfa/safe` }]);
  });

  it('stays with its user until it is deactivated, and then goes', async () => {
    const device = await newDevice(coffer, iam, 'phone');
    const SerialNumber = device.serialNumber;
    await enable(coffer, iam, device, 'ada');
    await iam.send(new UpdateUserCommand({ UserName: 'ada', NewUserName: 'lovelace' }));
    expect(await refused(iam.send(new DeleteUserCommand({ UserName: 'lovelace' })))).toMatch(/^409 DeleteConflict/);
    expect(await refused(iam.send(new DeleteVirtualMFADeviceCommand({ SerialNumber })))).toBe(
      '409 DeleteConflict: MFA VirtualDevice in use. Must deactivate first.',
    );
    await iam.send(new CreateUserCommand({ UserName: 'bob' }));
    const take = (UserName: string) => refused(iam.send(new DeactivateMFADeviceCommand({ UserName, SerialNumber })));
    expect(await take('bob')).toBe('404 NoSuchEntity: MFA Device invalid for user.');
    expect(await take('lovelace')).toBe('no error');
    await iam.send(new DeleteUserCommand({ UserName: 'lovelace' }));
    await iam.send(new DeleteVirtualMFADeviceCommand({ SerialNumber }));
    expect(await refused(iam.send(new DeleteVirtualMFADeviceCommand({ SerialNumber })))).toBe(
      `404 NoSuchEntity: VirtualMFADevice with serial number ${SerialNumber} doesn't exist.`,
    );
  });

  it('has tags', async () => {
    const { serialNumber: SerialNumber } = await newDevice(coffer, iam, 'phone');
    const Tags = [
      { Key: 'a', Value: '1' },
      { Key: 'b', Value: '2' },
    ];
    await iam.send(new TagMFADeviceCommand({ SerialNumber, Tags }));
    await iam.send(new UntagMFADeviceCommand({ SerialNumber, TagKeys: ['a'] }));
    expect((await iam.send(new ListMFADeviceTagsCommand({ SerialNumber }))).Tags).toEqual([Tags[1]]);
  });

  it('whose clock is off is synchronized', async () => {
    const device = await newDevice(coffer, iam, 'phone');
    await enable(coffer, iam, device, 'ada');
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'ada' }));
    const as = { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! };
    const sts = coffer.client(STSClient, { as });
    // An hour ahead: 120 steps.
    const session = (steps: number) =>
      refused(
        sts.send(new GetSessionTokenCommand({ SerialNumber: device.serialNumber, TokenCode: device.code(steps) })),
      );
    expect(await session(120)).toMatch(/^403 AccessDenied/);
    await iam.send(
      new ResyncMFADeviceCommand({
        UserName: 'ada',
        SerialNumber: device.serialNumber,
        AuthenticationCode1: device.code(120),
        AuthenticationCode2: device.code(121),
      }),
    );
    await coffer.clock.advance({ minutes: 1 });
    expect(await session(0)).toMatch(/^403 AccessDenied/);
    expect(await session(120)).toBe('no error');
  });

  it('is its holder’s to manage, as policies say', async () => {
    const own = coffer.client(IAMClient, { as: 'ada', config: { maxAttempts: 1 } });
    expect(await refused(own.send(new ListMFADevicesCommand({})))).toMatch(/InvalidClientTokenId|AccessDenied/);
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'ada' }));
    const as = { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! };
    const ada = coffer.client(IAMClient, { as });
    expect(await refused(ada.send(new ListMFADevicesCommand({})))).toMatch(/^403 AccessDenied/);
    const PolicyDocument = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: ['iam:CreateVirtualMFADevice', 'iam:DeleteVirtualMFADevice'],
          Resource: `arn:aws:iam::${ACCOUNT}:mfa/*`,
        },
        {
          Effect: 'Allow',
          Action: ['iam:EnableMFADevice', 'iam:ListMFADevices', 'iam:ResyncMFADevice'],
          Resource: `arn:aws:iam::${ACCOUNT}:user/\${aws:username}`,
        },
      ],
    });
    await iam.send(new PutUserPolicyCommand({ UserName: 'ada', PolicyName: 'own', PolicyDocument }));
    const device = await newDevice(coffer, ada, 'ada');
    await enable(coffer, ada, device, 'ada');
    expect((await ada.send(new ListMFADevicesCommand({}))).MFADevices).toHaveLength(1);
    // The root user is nobody else's to name.
    const AuthenticationCode1 = device.code();
    const onRoot = { UserName: 'root', SerialNumber: device.serialNumber, AuthenticationCode1 };
    expect(
      await refused(ada.send(new EnableMFADeviceCommand({ ...onRoot, AuthenticationCode2: device.code(1) }))),
    ).toMatch(/^403 AccessDenied/);
  });
});

describe('credentials with MFA', () => {
  const keysOf = (given: Credentials | undefined) => ({
    as: {
      accessKeyId: given!.AccessKeyId!,
      secretAccessKey: given!.SecretAccessKey!,
      sessionToken: given!.SessionToken!,
    },
  });
  async function adaWithDevice() {
    const device = await newDevice(coffer, iam, 'ada');
    await enable(coffer, iam, device, 'ada');
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'ada' }));
    const as = { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! };
    return { device, sts: coffer.client(STSClient, { as }) };
  }
  const policy = (Condition?: object) =>
    iam.send(
      new PutUserPolicyCommand({
        UserName: 'ada',
        PolicyName: 'p',
        PolicyDocument: JSON.stringify({
          Version: '2012-10-17',
          Statement: { Effect: 'Allow', Action: '*', Resource: '*', Condition },
        }),
      }),
    );

  it('open what a policy keeps for them, and IAM', async () => {
    const { device, sts } = await adaWithDevice();
    await policy({
      Bool: { 'aws:MultiFactorAuthPresent': 'true' },
      NumericLessThan: { 'aws:MultiFactorAuthAge': '600' },
    });
    const plain = await sts.send(new GetSessionTokenCommand({}));
    expect(await refused(coffer.client(IAMClient, keysOf(plain.Credentials)).send(new ListUsersCommand({})))).toMatch(
      /^403/,
    );
    const SerialNumber = device.serialNumber;
    const { Credentials } = await sts.send(new GetSessionTokenCommand({ SerialNumber, TokenCode: device.code() }));
    const proven = coffer.client(IAMClient, keysOf(Credentials));
    expect((await proven.send(new GetUserCommand({}))).User?.UserName).toBe('ada');
    await coffer.clock.advance({ minutes: 11 });
    expect(await refused(proven.send(new ListUsersCommand({})))).toMatch(/^403 AccessDenied/);
  });

  it('are given for a code once, of one’s own device, with its serial number', async () => {
    const { device, sts } = await adaWithDevice();
    const other = await newDevice(coffer, iam, 'safe');
    await enable(coffer, iam, other, 'root');
    const ask = (SerialNumber?: string, TokenCode?: string) =>
      refused(sts.send(new GetSessionTokenCommand({ SerialNumber, TokenCode })));
    expect(await ask(device.serialNumber, device.code())).toBe('no error');
    expect(await ask(device.serialNumber, device.code())).toBe(
      '403 AccessDenied: MultiFactorAuthentication failed with invalid MFA one time pass code.',
    );
    expect(await ask(other.serialNumber, other.code())).toMatch(/unable to validate MFA code\. {2}Please verify/);
    expect(await ask(device.serialNumber)).toMatch(/must provide both MFA serial number and one time pass code/);
    await coffer.clock.advance({ seconds: 30 });
    expect(await ask(device.serialNumber, device.code())).toBe('no error');
  });

  it('take a role whose trust wants MFA', async () => {
    const { device, sts } = await adaWithDevice();
    await policy();
    const RoleArn = `arn:aws:iam::${ACCOUNT}:role/Careful`;
    const AssumeRolePolicyDocument = JSON.stringify({
      Version: '2012-10-17',
      Statement: {
        Effect: 'Allow',
        Action: 'sts:AssumeRole',
        Principal: { AWS: ACCOUNT },
        Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } },
      },
    });
    await iam.send(new CreateRoleCommand({ RoleName: 'Careful', AssumeRolePolicyDocument }));
    const assume = (more: object, client = sts) =>
      client.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'work', ...more }));
    expect(await refused(assume({}))).toMatch(/^403 AccessDenied/);
    const SerialNumber = device.serialNumber;
    expect(await refused(assume({ SerialNumber, TokenCode: '000000' }))).toMatch(/invalid MFA one time pass code/);
    const { AssumedRoleUser } = await assume({ SerialNumber, TokenCode: device.code() });
    expect(AssumedRoleUser?.Arn).toContain('assumed-role/Careful/work');
    // A session that came with MFA carries it into the trust policy.
    await coffer.clock.advance({ seconds: 30 });
    const { Credentials } = await sts.send(new GetSessionTokenCommand({ SerialNumber, TokenCode: device.code() }));
    expect(await refused(assume({}, coffer.client(STSClient, keysOf(Credentials))))).toBe('no error');
  });
});
