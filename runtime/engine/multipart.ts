/**
 * Reads `multipart/form-data` as browsers send it: small fields first, then one file, which is passed on as it streams
 * in. What follows the file is not looked at. Source: RFC 7578; RFC 2046, section 5.1.
 */
import type { Bytes } from '../base/bytes';

export type FormFlaw = 'malformed' | 'tooLong' | 'noFile';

export class FlawedForm extends Error {
  constructor(readonly flaw: FormFlaw) {
    super(flaw);
  }
}

export interface OpenForm {
  /** In order; values as they came. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** `name`: absent where the form gives the content as a plain field. */
  readonly file: { readonly name?: string; readonly stream: Bytes };
}

/** The boundary that a `Content-Type` announces. @returns undefined when this is no form of this kind */
export function boundaryOf(contentType: string | undefined): string | undefined {
  const match = /^multipart\/form-data\s*;.*?\bboundary=(?:"([^"]{1,200})"|([^\s;]{1,200}))/i.exec(contentType ?? '');
  return match?.[1] ?? match?.[2];
}

/**
 * @param isFile whether a part of this name is the file
 * @param limitBytes most bytes before the file
 * @throws FlawedForm, here and from the file's stream
 */
export async function openForm(
  stream: Bytes,
  boundary: string,
  isFile: (name: string) => boolean,
  limitBytes: number,
): Promise<OpenForm> {
  const source = stream[Symbol.asyncIterator]();
  const delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
  const fields: [string, string][] = [];
  // The first delimiter may stand at the very beginning.
  let rest: Buffer = Buffer.from('\r\n');
  let taken = 0;

  async function more(): Promise<boolean> {
    const { done, value } = await source.next();
    if (!done) rest = Buffer.concat([rest, value]);
    return !done;
  }

  /** All up to a mark, which is dropped. */
  async function until(mark: Buffer): Promise<Buffer> {
    let from = 0;
    for (;;) {
      const at = rest.indexOf(mark, from);
      if (at >= 0) {
        const found = rest.subarray(0, at);
        rest = rest.subarray(at + mark.length);
        taken += at + mark.length;
        if (taken > limitBytes) throw new FlawedForm('tooLong');
        return found;
      }
      if (taken + rest.length > limitBytes) throw new FlawedForm('tooLong');
      from = Math.max(0, rest.length - mark.length + 1);
      if (!(await more())) throw new FlawedForm('malformed');
    }
  }

  async function* fileStream(): Bytes {
    for (;;) {
      const at = rest.indexOf(delimiter);
      if (at >= 0) {
        if (at > 0) yield rest.subarray(0, at);
        return;
      }
      const safe = rest.length - delimiter.length + 1;
      if (safe > 0) {
        yield rest.subarray(0, safe);
        rest = rest.subarray(safe);
      }
      if (!(await more())) throw new FlawedForm('malformed');
    }
  }

  await until(delimiter);
  for (;;) {
    const end = (await until(LINE)).toString('latin1').trimEnd();
    if (end === '--') throw new FlawedForm('noFile');
    if (end !== '') throw new FlawedForm('malformed');
    // A part may have no header at all; then the empty line comes at once.
    rest = Buffer.concat([LINE, rest]);
    const head = (await until(EMPTY_LINE)).toString('utf8');
    const disposition = /^content-disposition:\s*form-data\s*;(.*)$/im.exec(head)?.[1] ?? '';
    const name = parameter(disposition, 'name');
    if (name === undefined) throw new FlawedForm('malformed');
    if (isFile(name)) return { fields, file: { name: parameter(disposition, 'filename'), stream: fileStream() } };
    fields.push([name, (await until(delimiter)).toString('utf8')]);
  }
}

const LINE = Buffer.from('\r\n');
const EMPTY_LINE = Buffer.from('\r\n\r\n');

/** Browsers write `"` in a name as `%22`, others as `\"`. */
function parameter(disposition: string, name: string): string | undefined {
  const match = new RegExp(`(?:^|[;\\s])${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s;]+))`, 'i').exec(disposition);
  return match?.[1]?.replace(/\\(["\\])/g, '$1').replace(/%22/g, '"') ?? match?.[2];
}
