/** Sites and media in stacks of their own, for tests of delivery. */
import { generateKeyPairSync } from 'node:crypto';
import {
  MediaDelivery,
  type MediaDeliveryProps,
  SigningKeys,
  StaticSite,
  type StaticSiteProps,
  Viewers,
} from '@coffer/constructs';
import { App, Stack } from 'aws-cdk-lib';

export const env = { account: '111111111111', region: 'us-east-1' };
export const far = { account: '111111111111', region: 'eu-west-1' };

export const publicKey = (modulusLength = 2048) =>
  generateKeyPairSync('rsa', { modulusLength }).publicKey.export({ type: 'spki', format: 'pem' }).toString();
export const pem = publicKey();

export const flags: [string, object][] = [
  ['no feature flags', {}],
  ['recommended feature flags', require('aws-cdk-lib/recommended-feature-flags.json')],
];

export function stackOf(context = {}, where: { region?: string; account?: string } = {}) {
  const app = new App({ context });
  return { app, stack: new Stack(app, 'S', { env: where }) };
}

export function site(props: StaticSiteProps = {}, context = {}, where = {}) {
  const { app, stack } = stackOf(context, where);
  return { app, stack, site: new StaticSite(stack, 'Site', props) };
}

const signed = (stack: Stack) => Viewers.signed(new SigningKeys(stack, 'Signers', { publicKeys: [pem] }));

export function media(props: Partial<MediaDeliveryProps> = {}, context = {}, where = {}) {
  const { app, stack } = stackOf(context, where);
  return { app, stack, media: new MediaDelivery(stack, 'Media', { viewers: signed(stack), ...props }) };
}
