/** Two versions of an app, each deployed into a runtime of its own, compared by who may do what in them. */
import { type Coffer, startCoffer } from '../coffer';
import type { Deployable } from '../deployment';
import type { DeployOptions } from '../services/cloudformation/deploy';
import { type AccessComparison, comparisonOf, comparisonText } from './comparison';
import type { Occasions } from './survey';

export interface ComparedAccess extends AccessComparison {
  /** All of it, to be read. */
  readonly text: string;
}

/** @throws DeployFailed, AssemblyError */
export async function compareAccess(
  before: Deployable,
  after: Deployable,
  options: Pick<DeployOptions, 'stacks' | 'parameters'> = {},
): Promise<ComparedAccess> {
  const old = await deployed(before, options);
  try {
    const young = await deployed(after, options);
    try {
      const occasions = together((await old.access()).occasions, (await young.access()).occasions);
      const [was, is] = [await old.access({ occasions }), await young.access({ occasions })];
      const comparison = comparisonOf(was.rows, is.rows);
      return { ...comparison, text: comparisonText(comparison) };
    } finally {
      await young.close();
    }
  } finally {
    await old.close();
  }
}

async function deployed(what: Deployable, options: DeployOptions): Promise<Coffer> {
  const coffer = await startCoffer();
  try {
    await coffer.deploy(what, options);
    await coffer.settled();
    return coffer;
  } catch (error) {
    await coffer.close();
    throw error;
  }
}

/** Both are asked about what either gives occasion to. */
function together(one: Occasions, other: Occasions): Occasions {
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  return Object.fromEntries(
    names.map((name) => {
      const both = [one[name], other[name]].filter((occasion) => occasion !== undefined);
      return [
        name,
        {
          patterns: [...new Set(both.flatMap(({ patterns }) => patterns))],
          principals: both.flatMap(({ principals }) => principals),
        },
      ];
    }),
  );
}
