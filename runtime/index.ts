/** What `import ... from '@coffer/runtime'` offers. */
export type { Access } from './access/access';
export { type ComparedAccess, compareAccess } from './access/assemblies';
export type { AccessChange } from './access/comparison';
export type { AccessRow } from './access/survey';
export type { As, Keys } from './acting';
export type { Audit, AuditOptions, Finding } from './audit/audit';
export { type ClientOptions, type Coffer, type CofferOptions, type ListenOptions, startCoffer } from './coffer';
export type {
  AccessKeyConfig,
  AccountConfig,
  BucketConfig,
  CofferConfig,
  KmsKeyConfig,
  OidcIssuerConfig,
  UserConfig,
  VpcEndpointConfig,
} from './config';
export { ConfigError } from './config';
export type { ControlsConfig, MemberConfig, OrganizationConfig, UnitConfig } from './config/organization';
export type { ConstructLike, StackLike } from './constructs';
export { type Deployable, DeployFailed, type Deployment, type StageLike } from './deployment';
export type { Explanation } from './engine/policy/explain';
export type { FindingsOptions, PolicyFinding } from './findings';
export type { CallRecord, Denial, RequestRecord } from './kernel/record';
export type {
  DeployOptions,
  DeployReport,
  ProgressEvent,
  ResourceReport,
  StackReport,
} from './services/cloudformation/deploy';
export { AssemblyError } from './services/cloudformation/deploy';
export { SynthesisFailed, type SynthesisOptions, synthesise } from './synthesis';
export type { Hypothesis, Puzzle, Why } from './why';
