/**
 * What a `Host` header says: a bucket (virtual-hosted style), a service, or nothing. Any other host, an IP address among
 * them, means path style. Source: Amazon S3 User Guide, "Virtual hosting of general purpose buckets".
 */

export interface HostName {
  readonly bucket?: string;
  /** The first label of a service's endpoint: `s3`, `lambda`, `sqs`. Below `localhost` it may be a bucket's name as well. */
  readonly service?: string;
}

/** `s3.amazonaws.com`, `bucket.s3.eu-west-1.amazonaws.com`, `s3-us-west-2...`, `s3.dualstack...`, `bucket.s3.localhost`. */
const S3 =
  /^(?:(.+)\.)?s3(?:-accelerate|-fips|-[a-z]{2}(?:-[a-z]+)+-\d)?(?:\.dualstack)?(?:\.[a-z0-9-]+)?\.(?:amazonaws\.com(?:\.cn)?|localhost)$/;
const SERVICE = /^([a-z0-9-]+)(?:\.[a-z0-9-]+)?\.(?:amazonaws\.com(?:\.cn)?|localhost)$/;
/** Before the endpoint that a client was given: a bucket, or an access point with its account. */
const BUCKET = /^(?:(.+)\.localhost|([a-z0-9-]+-\d{12})\.127\.0\.0\.1)$/;
/** `name-account.s3-accesspoint.eu-west-1.amazonaws.com` */
const ACCESS_POINT =
  /^([a-z0-9-]+-\d{12})\.s3-accesspoint(?:-fips)?(?:\.dualstack)?\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?$/;
const MAX_REMEMBERED = 1000;

/** @param isService whether this runtime has a service with this endpoint name */
export function createHostReader(isService: (label: string) => boolean): (host: string | undefined) => HostName {
  const remembered = new Map<string, HostName>();
  return (host = '') => {
    let name = remembered.get(host);
    if (!name) {
      name = read(host.replace(/:\d+$/, '').toLowerCase(), isService);
      if (remembered.size >= MAX_REMEMBERED) remembered.clear();
      remembered.set(host, name);
    }
    return name;
  };
}

function read(host: string, isService: (label: string) => boolean): HostName {
  const point = ACCESS_POINT.exec(host)?.[1];
  if (point) return { service: 's3', bucket: point };
  const s3 = S3.exec(host);
  if (s3) return { service: 's3', bucket: s3[1] };
  const service = SERVICE.exec(host)?.[1];
  const named = BUCKET.exec(host);
  const bucket = named?.[1] ?? named?.[2];
  return service && isService(service) ? { service, bucket } : { bucket };
}
