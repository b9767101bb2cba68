export function missingPrograms(names: readonly string[]): string[];
export function missingDebianPackages(names: readonly string[]): string[];
/** Null, or what hinders it and what to do. */
export function installDebianPackages(names: readonly string[], say: (line: string) => void): Promise<string | null>;
