/**
 * Links to deployment packages, as GetFunction and GetLayerVersion hand them out: served by this runtime, signed, and
 * good for ten minutes. On AWS they are presigned URLs of a bucket of the service.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Request, Response } from '../../base/http';
import type { Kernel } from '../../kernel/call';
import type { Edge } from '../../kernel/service';
import type { Code } from './state';

const PATH = '/_lambda/code/';
const LIFETIME_MS = 10 * 60_000;

export class Downloads {
  /** A restart ends all links: they are asked for when they are needed. */
  private secret: Buffer | undefined;

  async link(kernel: Kernel, { blob }: Code): Promise<string> {
    const content = JSON.stringify([blob.id, blob.sizeBytes, kernel.clock.now() + LIFETIME_MS]);
    const claim = Buffer.from(content).toString('base64url');
    return `${await kernel.endpoint()}${PATH}${claim}.${this.sign(kernel, claim)}`;
  }

  readonly edge: Edge = {
    before: (request, kernel) => (request.path.startsWith(PATH) ? this.serve(request, kernel) : undefined),
  };

  private async serve({ path }: Request, kernel: Kernel): Promise<Response> {
    const [claim, signature = ''] = path.slice(PATH.length).split('.');
    const given = Buffer.from(signature);
    const right = Buffer.from(this.sign(kernel, claim));
    if (given.length !== right.length || !timingSafeEqual(given, right)) return refused();
    const [id, sizeBytes, expiresAt] = JSON.parse(Buffer.from(claim, 'base64url').toString());
    if (kernel.clock.now() > expiresAt) return refused();
    const headers = { 'content-type': 'application/zip', 'content-length': String(sizeBytes) };
    return { status: 200, headers, body: kernel.store.blobs.read({ id, sizeBytes }) };
  }

  private sign(kernel: Kernel, claim: string): string {
    this.secret ??= kernel.random.bytes(32);
    return createHmac('sha256', this.secret).update(claim).digest('base64url');
  }
}

function refused(): Response {
  const body = Buffer.from('<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>');
  return { status: 403, headers: { 'content-type': 'application/xml' }, body };
}
