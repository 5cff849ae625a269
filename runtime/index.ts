/** What `import ... from '@coffer/runtime'` offers. */
export type { As, Keys } from './acting';
export { type ClientOptions, type Coffer, type CofferOptions, type ListenOptions, startCoffer } from './coffer';
export type { Denial, RequestRecord } from './kernel/record';
