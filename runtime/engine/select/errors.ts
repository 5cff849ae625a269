/**
 * What S3 Select refuses, by AWS's names. Source: S3 API reference, "List of SELECT Object Content Error Codes". Words
 * are those of the list, or those that S3 is known to send where they tell more: a place, a limit, a name.
 */
import { AwsError } from '../../base/errors';

const TRY = 'Please check the service documentation and try again.';

const WORDS = {
  AmbiguousFieldName:
    'Field name matches to multiple fields in the file. Please check the SQL expression and the file, and try again.',
  Busy: 'The service is unavailable. Please retry.',
  CastFailed: 'Attempt to convert from one data type to another using CAST failed in the SQL expression.',
  CSVEscapingRecordDelimiter:
    "A quoted record delimiter was found in the file. To allow quoted record delimiters, please set AllowQuotedRecordDelimiter to 'TRUE'.",
  CSVParsingError: 'Error parsing CSV file. Please check the file and try again.',
  CSVUnescapedQuote:
    "An unescaped quote was found while parsing the CSV file. To allow quoted record delimiters, please set AllowQuotedRecordDelimiter to 'TRUE'.",
  EvaluatorBindingDoesNotExist: 'A column name or a path provided does not exist in the SQL expression.',
  EvaluatorInvalidArguments: 'Incorrect number of arguments in the function call in the SQL expression.',
  EvaluatorInvalidTimestampFormatPatternSymbol:
    'The timestamp format pattern contains a symbol in the SQL expression that is not valid.',
  EvaluatorLikePatternInvalidEscapeSequence: 'An argument given to the LIKE expression was not valid.',
  EvaluatorNegativeLimit: 'LIMIT must not be negative.',
  EvaluatorUnterminatedTimestampFormatPatternToken:
    'Time stamp format pattern contains unterminated token in the SQL expression.',
  ExpressionTooLong: 'The SQL expression is too long: The maximum byte-length for the SQL expression is 256 KB.',
  ExternalEvalException: 'The query cannot be evaluated. Please check the query and file and try again.',
  IncorrectSqlFunctionArgumentType: 'Incorrect type of arguments in function call in the SQL expression.',
  IntegerOverflow: 'Integer overflow or underflow in the SQL expression.',
  InvalidColumnIndex: 'The column index in the SQL expression is not valid.',
  InvalidCompressionFormat:
    'The file is not in a supported compression format. Only GZIP and BZIP2 are supported at this time.',
  InvalidDataSource: 'Invalid data source type. Only CSV, JSON, and Parquet are supported at this time.',
  InvalidScanRange: `The provided scan range is not valid. ${TRY}`,
  JSONParsingError: 'Error parsing JSON file. Please check the file and try again.',
  LikeInvalidInputs: 'Invalid argument given to the LIKE clause in the SQL expression.',
  MaxOperatorsExceeded:
    'Failed to parse SQL expression, try reducing complexity. For example, reduce number of operators used.',
  MissingHeaders: 'Some headers in the query are missing from the file. Please check the file and try again.',
  MultipleDataSourcesUnsupported: 'Multiple data sources are not supported.',
  ObjectSerializationConflict:
    'InputSerialization specifies more than one format (CSV, JSON, or Parquet), or OutputSerialization specifies more than one format (CSV or JSON). InputSerialization and OutputSerialization can only specify one format each.',
  OverMaxParquetBlockSize: 'The Parquet file is above the max row group size.',
  OverMaxRecordSize: 'The character number in one record is more than our max threshold, maxCharsPerRecord: 1,048,576',
  ParquetParsingError: 'Error parsing Parquet file. Please check the file and try again.',
  ParquetUnsupportedCompressionCodec: 'The specified Parquet compression codec is not supported.',
  TruncatedInput:
    'Object decompression failed. Check that the object is properly compressed using the format specified in the request.',
  UnsupportedParquetType: 'The specified Parquet type is not supported.',
  UnsupportedScanRangeInput: 'Scan range queries are not supported on this type of object.',
  UnsupportedSqlOperation: 'Encountered an unsupported SQL operation.',
  UnsupportedSqlStructure: 'Encountered an unsupported SQL structure. Check the SQL Reference.',
  UnsupportedStorageClass:
    'Encountered an invalid storage class. Only STANDARD, STANDARD_IA, and ONEZONE_IA storage classes are supported at this time.',
  UnsupportedSyntax: 'Encountered invalid syntax.',
  ValueParseFailure: 'Time stamp parse failure in the SQL expression.',
} as const;

/** @param more what is wrong here in particular */
export function selectError(code: keyof typeof WORDS, more?: string): AwsError {
  const message = more === undefined ? WORDS[code] : `${WORDS[code]} ${more}`;
  return code === 'Busy' ? new AwsError(code, message, { status: 503, retryable: true }) : new AwsError(code, message);
}

/** Where in the expression, both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Something that the expression says where it may not, or does not say where it must. */
export function syntaxError(code: string, what: string, { line, column }: Place): AwsError {
  return new AwsError(code, `${what}${what.endsWith(',') ? '' : ' '}at line ${line}, column ${column}.`);
}

export const invalidTextEncoding = (byte: number) =>
  new AwsError(
    'InvalidTextEncoding',
    `UTF-8 encoding is required. The text encoding error was found near byte ${byte.toLocaleString('en-US')}.`,
  );

/** A member of the request with a value that is none of those allowed: `InvalidJsonType`. */
export const invalidMember = (code: string, member: string, value: string) =>
  new AwsError(code, `The ${value} ${member} is invalid. ${TRY}`);

export const missingParameter = (member: string) =>
  new AwsError('MissingRequiredParameter', `${member} is required. ${TRY}`);

export const invalidParameter = (member: string, value: string) =>
  new AwsError('InvalidRequestParameter', `The value of ${member} is invalid: ${value}. ${TRY}`);
