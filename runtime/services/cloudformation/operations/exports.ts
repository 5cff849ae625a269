/** Exports, and who uses them. */
import type { Handlers } from '../../../kernel/service';
import { missingExport, unusedExport } from '../errors';
import { exportsIn, findExport, importersOf } from '../state';
import { here, paged } from './views';

type Client = typeof import('@aws-sdk/client-cloudformation');

export const exportHandlers: Handlers<Client> = {
  async ListExports(call, { NextToken: token }) {
    const { page, NextToken } = paged(await exportsIn(call.kernel.store, here(call)), token);
    return {
      Exports: page.map(({ name, value, stackId }) => ({ Name: name, Value: value, ExportingStackId: stackId })),
      NextToken,
    };
  },

  async ListImports(call, { ExportName = '', NextToken: token }) {
    if (!(await findExport(call.kernel.store, here(call), ExportName))) throw missingExport(ExportName);
    const users = await importersOf(call.kernel.store, here(call), ExportName);
    if (users.length === 0) throw unusedExport(ExportName);
    const { page, NextToken } = paged(users, token);
    return { Imports: page, NextToken };
  },
};
