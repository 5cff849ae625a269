/**
 * Every account is taken to be bootstrapped in every Region: when somebody of the account first asks for the staging
 * bucket or a role of `cdk bootstrap`, the stack `CDKToolkit` is deployed there. It is a stack like any other, so that a
 * `cdk bootstrap` which comes later updates it. Once there is a stack of that name nothing is supplied any more.
 * Left out: other qualifiers than CDK's own. The version parameter is answered by SSM.
 */
import { isAwsError } from '../../../base/errors';
import type { Call } from '../../../kernel/call';
import { root } from '../../../kernel/principal';
import type { Service } from '../../../kernel/service';
import { findStack } from '../state';
import { QUALIFIER, toolkitTemplate } from './template';

const StackName = 'CDKToolkit';

const SUPPLIED = new RegExp(
  `^arn:[^:]+:(?:s3:::cdk-${QUALIFIER}-assets|iam::\\d{12}:role/cdk-${QUALIFIER}-(?:cfn-exec|deploy|file-publishing|image-publishing|lookup)-role)-(\\d{12})-([a-z]{2}(?:-[a-z]+)+-\\d)$`,
);

export function createToolkits(): NonNullable<Service['supply']> {
  const underWay = new Map<string, Promise<boolean>>();
  return (arn, call) => {
    const [, account, region] = SUPPLIED.exec(arn) ?? [];
    if (!account || !isTheirs(call, account)) return undefined;
    const place = `${account} ${region}`;
    let deploying = underWay.get(place);
    if (!deploying) {
      deploying = deploy(call, account, region).finally(() => underWay.delete(place));
      underWay.set(place, deploying);
    }
    return deploying;
  };
}

/** Strangers find what is there. The toolkit's own deployment, whoever runs it, looks whether the names are free. */
function isTheirs({ principal, origin }: Call, account: string): boolean {
  return (principal.account === account || principal.kind === 'service') && origin?.stackName !== StackName;
}

async function deploy({ kernel }: Call, account: string, region: string): Promise<boolean> {
  if (await findStack(kernel.store, account, region, StackName)) return false;
  const { cloudformation } = kernel.peers(root(account), { account, region });
  try {
    await cloudformation.CreateStack({
      StackName,
      TemplateBody: JSON.stringify(toolkitTemplate),
      Capabilities: ['CAPABILITY_NAMED_IAM'],
      OnFailure: 'DELETE',
    });
  } catch (error) {
    if (!isAwsError(error)) throw error;
  }
  const stack = await findStack(kernel.store, account, region, StackName);
  if (stack?.status === 'CREATE_COMPLETE') return true;
  kernel.report(`${account} could not be bootstrapped in ${region}: see the events of its stack ${StackName}`);
  return false;
}
