/** A certificate of this machine's own, for a port that speaks TLS. Made at each start; whoever is to trust it is given it. */
import type { Certificate } from './kernel/http';

const NAMES = ['localhost', '*.localhost', '*.s3.localhost', '*.s3-website.localhost'];
const ADDRESSES = ['127.0.0.1', '::1'];
const DAYS = 365;

/** @param host what the port is bound to, beside the names of loopback */
export async function makeCertificate(host: string): Promise<Certificate> {
  const { generate } = require('selfsigned') as typeof import('selfsigned');
  const { isIP } = require('node:net') as typeof import('node:net');
  const names = isIP(host) || NAMES.includes(host) ? NAMES : [...NAMES, host];
  const addresses = isIP(host) && !ADDRESSES.includes(host) ? [...ADDRESSES, host] : ADDRESSES;
  const made = await generate([{ name: 'commonName', value: 'Coffer' }], {
    keyType: 'ec',
    notAfterDate: new Date(Date.now() + DAYS * 24 * 60 * 60 * 1000),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          ...names.map((value) => ({ type: 2 as const, value })),
          ...addresses.map((ip) => ({ type: 7 as const, ip })),
        ],
      },
    ],
  });
  return { cert: made.cert, key: made.private };
}
