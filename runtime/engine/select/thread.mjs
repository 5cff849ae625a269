/**
 * What takes long to decode, on a thread of its own: bzip2, of which a block is some 100 ms of work, and Parquet, of
 * which a row group is decoded at once. Not compiled: `hyparquet` is a module, which not every test runner loads.
 * Answers to each message with one of its own, so that whoever sends waits; see `decoder.ts`.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { gunzipSync } from 'node:zlib';

const ROWS_AT_ONCE = 2_000;
const MOST_GROUP_BYTES = 256 * 1024 * 1024;
const CODECS = ['UNCOMPRESSED', 'SNAPPY', 'GZIP'];

const handlers = workerData === 'bzip2' ? await bzip2() : await parquet();

parentPort.on('message', async (message) => {
  if (message.kind === 'bytes') return;
  try {
    parentPort.postMessage({ value: await handlers[message.kind](message) });
  } catch (error) {
    parentPort.postMessage({ failure: { name: error.name, message: String(error.message), code: error.code } });
  }
});

// ---- bzip2 -------------------------------------------------------------------------------------------------------------

async function bzip2() {
  const { default: unbzip2 } = await import('unbzip2-stream');
  const stream = unbzip2();
  let out = [];
  let failure;
  stream.on('data', (bytes) => out.push(bytes));
  stream.on('error', (error) => {
    failure ??= error;
  });
  const taken = () => {
    if (failure) throw failure;
    const all = out;
    out = [];
    return all;
  };
  return {
    write({ bytes }) {
      stream.write(Buffer.from(bytes));
      return taken();
    },
    end() {
      stream.end();
      return taken();
    },
  };
}

// ---- Parquet -----------------------------------------------------------------------------------------------------------

async function parquet() {
  const { parquetMetadataAsync, parquetRead } = await import('hyparquet');
  const parsers = {
    dateFromDays: (days) => (days === undefined ? undefined : { days }),
    timestampFromMilliseconds: (value) => (value === undefined ? undefined : { moment: BigInt(value), digits: 3 }),
    timestampFromMicroseconds: (value) => (value === undefined ? undefined : { moment: BigInt(value), digits: 6 }),
    timestampFromNanoseconds: (value) => (value === undefined ? undefined : { moment: BigInt(value), digits: 9 }),
    uuidFromBytes: (bytes) => bytes,
    jsonFromBytes: (bytes) => bytes && new TextDecoder().decode(bytes),
  };
  const compressors = {
    GZIP: (input, length) => new Uint8Array(gunzipSync(input, { maxOutputLength: length || 1 })),
  };
  let file;
  let metadata;
  let columns;
  let groups;
  let rows = [];

  return {
    async open({ sizeBytes }) {
      file = { byteLength: sizeBytes, slice: (start, end = sizeBytes) => bytesOf(start, end) };
      metadata = await parquetMetadataAsync(file, { parsers });
      columns = topLevel(metadata.schema);
      return columns.map(({ name, type, scale, repeated }) => ({ name, type, scale, repeated }));
    },
    /** @param names of the columns that are read; @param start, end: row groups that begin there, inclusive */
    read({ names, start, end }) {
      groups = [];
      let first = 0;
      for (const group of metadata.row_groups) {
        const last = first + Number(group.num_rows);
        const at = Math.min(...group.columns.map(offsetOf));
        if (at >= start && at <= end) groups.push({ first, last, group, names });
        first = last;
      }
    },
    /** @returns the next rows; undefined when there are no more */
    async next() {
      while (rows.length === 0) {
        const one = groups.shift();
        if (!one) return undefined;
        rows = await readGroup(one);
      }
      return rows.splice(0, ROWS_AT_ONCE);
    },
  };

  async function readGroup({ first, last, group, names }) {
    const wanted = group.columns.filter(({ meta_data: { path_in_schema: path } }) => names.includes(path[0]));
    const bytes = wanted.reduce((sum, { meta_data }) => sum + Number(meta_data.total_uncompressed_size), 0);
    if (bytes > MOST_GROUP_BYTES) throw named('OverMaxParquetBlockSize');
    for (const { meta_data } of wanted) {
      const { type } = columns.find(({ name }) => name === meta_data.path_in_schema[0]);
      if (meta_data.type === 'INT96' || type === 'UUID') throw named('UnsupportedParquetType');
      if (!CODECS.includes(meta_data.codec)) throw named('ParquetUnsupportedCompressionCodec');
    }
    if (wanted.length === 0) return Array.from({ length: last - first }, () => []);
    let read = [];
    await parquetRead({
      file,
      metadata,
      columns: names,
      rowStart: first,
      rowEnd: last,
      compressors,
      parsers,
      geoparquet: false,
      onComplete: (all) => {
        read = all;
      },
    });
    return read;
  }
}

const offsetOf = ({ meta_data }) => {
  const { data_page_offset: data, dictionary_page_offset: dictionary } = meta_data;
  return Number(dictionary && dictionary < data ? dictionary : data);
};

/** Columns in their order. Decimals are left as they are stored: as floats they would lose digits. */
function topLevel(schema) {
  const columns = [];
  for (let at = 1, left = schema[0].num_children; left > 0; left--) {
    const element = schema[at];
    const decimal = element.converted_type === 'DECIMAL' || element.logical_type?.type === 'DECIMAL';
    columns.push({
      name: element.name,
      type: decimal ? 'DECIMAL' : element.num_children ? 'GROUP' : (uuid(element) ?? element.type),
      scale: element.scale ?? element.logical_type?.scale ?? 0,
      repeated: element.repetition_type === 'REPEATED',
    });
    if (decimal) {
      // As UUIDs, bytes of any length come as they are.
      element.converted_type = undefined;
      element.logical_type = element.type.endsWith('BYTE_ARRAY') ? { type: 'UUID' } : undefined;
    }
    at = behind(schema, at);
  }
  return columns;
}

const uuid = ({ logical_type }) => (logical_type?.type === 'UUID' ? 'UUID' : undefined);

function behind(schema, at) {
  let next = at + 1;
  for (let left = schema[at].num_children ?? 0; left > 0; left--) next = behind(schema, next);
  return next;
}

function named(name) {
  return Object.assign(new Error(name), { name });
}

let requests = 0;

/** Bytes of the object, from the thread that can read it. */
function bytesOf(start, end) {
  const id = ++requests;
  return new Promise((resolve, reject) => {
    const take = (message) => {
      if (message.kind !== 'bytes' || message.id !== id) return;
      parentPort.off('message', take);
      if (message.bytes) resolve(message.bytes);
      else reject(new Error('the object cannot be read'));
    };
    parentPort.on('message', take);
    parentPort.postMessage({ need: { id, start, end } });
  });
}
