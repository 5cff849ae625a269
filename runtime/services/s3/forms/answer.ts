/** What a form gets for an answer: nothing, a document or another page, as it asks. Source: "POST Object", form fields. */
import type { Request, Response } from '../../../base/http';
import type { Fields } from './policy';

interface Posted {
  readonly request: Request;
  readonly bucket: string;
  readonly key: string;
  readonly fields: Fields;
}

/** @param response to the PutObject; errors stay what they are */
export function postAnswer(response: Response, { request, bucket, key, fields }: Posted): Response {
  if (response.status !== 200) return response;
  const etag = response.headers.etag ?? '';
  const location = `http://${request.headers.host ?? 'localhost'}${request.path}`;
  const { 'content-length': _, ...headers } = response.headers;
  const page = redirectOf(fields);
  if (page) {
    for (const [name, value] of Object.entries({ bucket, key, etag })) page.searchParams.append(name, value);
    return { status: 303, headers: { ...headers, location: page.href } };
  }
  const status = fields.get('success_action_status');
  if (status === '200') return { status: 200, headers: { ...headers, location, 'content-length': '0' } };
  if (status !== '201') return { status: 204, headers: { ...headers, location } };
  const parts = { Location: location, Bucket: bucket, Key: key, ETag: etag };
  const elements = Object.entries(parts).map(([name, value]) => `<${name}>${escapeXml(value)}</${name}>`);
  const body = Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n<PostResponse>${elements.join('')}</PostResponse>`);
  const described = { 'content-type': 'application/xml', 'content-length': String(body.length) };
  return { status: 201, headers: { ...headers, location, ...described }, body };
}

/** "If Amazon S3 can't interpret the URL, it acts as if the field is not present." */
function redirectOf(fields: Fields): URL | undefined {
  const text = fields.get('success_action_redirect') ?? fields.get('redirect');
  return text !== undefined && URL.canParse(text) ? new URL(text) : undefined;
}

function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
