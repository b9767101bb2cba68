import { type ParseArgsConfig, parseArgs } from 'node:util';

type Options = NonNullable<ParseArgsConfig['options']>;
type Asked<O extends Options> = Readonly<{ options: O; allowPositionals: true }>;
type Given<O extends Options> = ReturnType<typeof parseArgs<Asked<O>>>;

/**
 * The words of a command line. One that is not understood is told in a sentence with the usage (exit code 2, never a stack trace);
 * --help prints the usage (0).
 */
export function commandLine<const O extends Options>(usage: string, options: O): Given<O> {
  const given = read(usage, options);
  if ((given.values as Readonly<Record<string, unknown>>)['help'] !== true) return given;
  process.stdout.write(`${usage}\n`);
  process.exit(0);
}

function read<const O extends Options>(usage: string, options: O): Given<O> {
  try {
    return parseArgs({ options, allowPositionals: true } satisfies Asked<O>);
  } catch (e) {
    return notUnderstood(e instanceof Error ? e.message : String(e), usage);
  }
}

/** Ends the process: 2. */
export function notUnderstood(why: string, usage: string): never {
  process.stderr.write(`${why}\n\n${usage}\n`);
  process.exit(2);
}
