/**
 * How the files of a table are read: the Hive input and output formats and the SerDe that Athena names for each format.
 * Source: Athena User Guide, "Choose a SerDe for your data".
 */

/** How Athena reads the files of a table. */
export class TableFormat {
  /** One JSON object per line. */
  public static json(): TableFormat {
    return TableFormat.text('json', 'org.openx.data.jsonserde.JsonSerDe', { 'ignore.malformed.json': 'false' });
  }

  /** Comma-separated values, quoted with `"`; every column is read as a string. The first line is a header. */
  public static csv(): TableFormat {
    return TableFormat.text(
      'csv',
      'org.apache.hadoop.hive.serde2.OpenCSVSerde',
      { separatorChar: ',', quoteChar: '"', escapeChar: '\\' },
      { 'skip.header.line.count': '1' },
    );
  }

  /** Columns separated by one character, as in many logs; the first `headerLines` lines are skipped. */
  public static delimited(separator: string, headerLines?: number): TableFormat {
    return TableFormat.text(
      'text',
      'org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe',
      { 'field.delim': separator, 'serialization.format': separator },
      headerLines === undefined ? {} : { 'skip.header.line.count': String(headerLines) },
    );
  }

  /** Lines matched by a regular expression with one group per column. */
  public static regex(pattern: string): TableFormat {
    return TableFormat.text('text', 'org.apache.hadoop.hive.serde2.RegexSerDe', { 'input.regex': pattern });
  }

  /** Apache Parquet: columns, compressed; the cheapest to query. */
  public static parquet(): TableFormat {
    return new TableFormat(
      'parquet',
      'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe',
      'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat',
      'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat',
      {},
      {},
    );
  }

  /** Apache ORC. */
  public static orc(): TableFormat {
    return new TableFormat(
      'orc',
      'org.apache.hadoop.hive.ql.io.orc.OrcSerde',
      'org.apache.hadoop.hive.ql.io.orc.OrcInputFormat',
      'org.apache.hadoop.hive.ql.io.orc.OrcOutputFormat',
      {},
      {},
    );
  }

  /** The files that CloudTrail delivers. Source: Athena User Guide, "Query AWS CloudTrail logs". */
  public static cloudTrail(): TableFormat {
    return new TableFormat(
      'cloudtrail',
      'org.apache.hive.hcatalog.data.JsonSerDe',
      'com.amazon.emr.cloudtrail.CloudTrailInputFormat',
      'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat',
      {},
      {},
    );
  }

  private static text(
    classification: string,
    serde: string,
    serdeParameters: { [name: string]: string },
    tableParameters: { [name: string]: string } = {},
  ): TableFormat {
    return new TableFormat(
      classification,
      serde,
      'org.apache.hadoop.mapred.TextInputFormat',
      'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat',
      serdeParameters,
      tableParameters,
    );
  }

  private constructor(
    /** What Glue calls the format. */
    public readonly classification: string,
    /** Class that reads one record. */
    public readonly serde: string,
    /** Class that reads the files. */
    public readonly inputFormat: string,
    /** Class that writes them. */
    public readonly outputFormat: string,
    /** Parameters of the SerDe. */
    public readonly serdeParameters: { [name: string]: string },
    /** Parameters that the format asks of the table. */
    public readonly tableParameters: { [name: string]: string },
  ) {}
}
