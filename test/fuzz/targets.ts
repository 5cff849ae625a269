/** All that is fuzzed. Adding one is adding a property to a file beside this one. */
import { documents } from './documents';
import { queries } from './queries';
import { socket } from './socket';
import { streams } from './streams';
import type { Target } from './target';

export const targets: readonly Target[] = [...documents, ...streams, ...queries, ...socket];
