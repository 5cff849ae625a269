/**
 * The resources of an app in template form, before there is a template: which bucket another one means, by reference,
 * name or ARN, also across stacks. References keep the construct that they point at, so that logical ids of two stacks
 * are not mistaken for each other.
 */
import {
  CfnResource,
  DefaultTokenResolver,
  type IPostProcessor,
  type IResolvable,
  type IResolveContext,
  Reference,
  Tokenization,
} from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { list, members, type Properties, text } from './reading';

/** Has the form of an intrinsic function, for CDK to let it stand where a text is due. */
const TARGET = 'Fn::Target';

/** Joins fragments as CloudFormation would, keeping references apart. */
const joined = {
  join(left: unknown, right: unknown): unknown {
    const parts = [left, right].flatMap((part) => {
      const inner = members(part)['Fn::Join'];
      return inner === undefined ? (part === undefined ? [] : [part]) : list(list(inner)[1]);
    });
    return parts.every((part) => typeof part === 'string') ? parts.join('') : { 'Fn::Join': ['', parts] };
  },
};

/** Resolves tokens as CDK does, but leaves references as the path of their construct. */
class Marking extends DefaultTokenResolver {
  constructor(private readonly targets: Map<string, IConstruct>) {
    super(joined);
  }

  public override resolveToken(token: IResolvable, context: IResolveContext, post: IPostProcessor): unknown {
    if (Reference.isReference(token) && !token.displayName.startsWith('AWS::')) {
      this.targets.set(token.target.node.path, token.target);
      return { [TARGET]: token.target.node.path };
    }
    return super.resolveToken(token, context, post);
  }
}

/** The resources around one that is judged. What was resolved is kept: make a new one when the app has changed. */
export class Surroundings {
  private readonly resolved = new Map<IConstruct, Properties>();
  private readonly targets = new Map<string, IConstruct>();
  private resources?: CfnResource[];

  constructor(private readonly root: IConstruct) {}

  /** Every resource below the root. */
  public all(): CfnResource[] {
    this.resources ??= this.root.node.findAll().filter((it) => CfnResource.isCfnResource(it));
    return this.resources;
  }

  /** The properties of a resource in template form, overrides included. */
  public propertiesOf(resource: CfnResource): Properties {
    let properties = this.resolved.get(resource);
    if (properties === undefined) {
      // Overrides are applied only here, where CDK's own synthesis takes a resource's template form from.
      const form = (resource as unknown as { _toCloudFormation(): object })._toCloudFormation();
      const whole = Tokenization.resolve(form, {
        scope: resource,
        resolver: new Marking(this.targets),
        preparing: false,
      });
      const made = Object.values(members(JSON.parse(JSON.stringify(whole)).Resources))[0];
      properties = members(members(made).Properties);
      this.resolved.set(resource, properties);
    }
    return properties;
  }

  /** The bucket that a name or ARN in template form means, where it is in the app. */
  public bucket(reference: unknown): CfnResource | undefined {
    const path = target(reference);
    if (path !== undefined) {
      const found = this.targets.get(path);
      return CfnResource.isCfnResource(found) && found.cfnResourceType === 'AWS::S3::Bucket' ? found : undefined;
    }
    const parts = list(list(members(reference)['Fn::Join'])[1] ?? reference);
    const name = text(parts.at(-1))?.replace(/^.*:s3:::/, '');
    if (name === undefined || name === '') return undefined;
    return this.buckets().find((it) => text(this.propertiesOf(it).BucketName) === name);
  }

  /** The policies of a bucket. */
  public policiesOf(bucket: CfnResource): CfnResource[] {
    return this.all().filter(
      (it) => it.cfnResourceType === 'AWS::S3::BucketPolicy' && this.bucket(this.propertiesOf(it).Bucket) === bucket,
    );
  }

  private buckets(): CfnResource[] {
    return this.all().filter((it) => it.cfnResourceType === 'AWS::S3::Bucket');
  }
}

/** The path of the construct that a value refers to: as it is, or in an ARN of the form `arn:…:s3:::` and its name. */
function target(value: unknown): string | undefined {
  const direct = text(members(value)[TARGET]);
  if (direct !== undefined) return direct;
  const parts = list(list(members(value)['Fn::Join'])[1]);
  const last = parts.at(-1);
  const before = parts.at(-2);
  return typeof before === 'string' && before.endsWith(':s3:::') ? text(members(last)[TARGET]) : undefined;
}
