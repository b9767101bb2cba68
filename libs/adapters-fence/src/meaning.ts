import type { FenceFailure, PowerState } from '@lifeboat/ports';

/** How one run of a fence agent ended. */
export type AgentEnd = Readonly<{ code: number | null; stdout: string; stderr: string }>;

const said = (stdout: string) => /^\s*Status:\s*(\S+)\s*$/im.exec(stdout)?.[1]?.toLowerCase();

/**
 * The power state that `status` told, or null where it is not clear. Exit code and text must agree: a shell or Python
 * that fails to start also exits with 2, and an 'off' believed by mistake is a host's VMs running twice.
 */
export const powerStateOf = (end: AgentEnd): PowerState | null => {
  if (end.code === 2 && said(end.stdout) === 'off') return 'off';
  if (end.code === 0 && said(end.stdout) === 'on') return 'on';
  return null;
};

/**
 * What an agent's words mean; the first line that fits counts. Only plain silence is 'unreachable': the rack rule takes
 * it for a dead BMC, so a refused connection (something there has power) and texts that may mean either are not.
 */
const words: readonly (readonly [RegExp, FenceFailure])[] = [
  [/You have to (enter|set|specify|supply)|Unrecognised action|Parse error/i, 'FENCE_MISCONFIGURED'],
  [/not found or not accessible|Unable to run |ModuleNotFoundError|ImportError|No module named/i, 'FENCE_MISCONFIGURED'],
  [/Timed out waiting to power/i, 'FENCE_REFUSED'],
  [/Unable to obtain correct plug status|Either unable to obtain correct plug status/i, 'FENCE_REFUSED'],
  [/Connection refused|Unable to connect\/login|does not have the correct privileges/i, 'FENCE_REFUSED'],
  [/Connection timed out|Connection lost|connect timeout|No route to host|Host is (down|unreachable)/i, 'FENCE_UNREACHABLE'],
];

export const failureOf = (end: AgentEnd): FenceFailure => {
  // The shell's and env's codes for 'cannot be run' and 'not found'.
  if (end.code === 126 || end.code === 127) return 'FENCE_MISCONFIGURED';
  const text = `${end.stderr}\n${end.stdout}`;
  return words.find(([pattern]) => pattern.test(text))?.[1] ?? 'FENCE_REFUSED';
};

/** The agent's last words for people: no time stamps, no blank lines, at most 300 characters. */
export const trimmed = (end: AgentEnd): string => {
  const text = (end.stderr.trim() === '' ? end.stdout : end.stderr)
    .split('\n')
    .map((l) => l.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ (ERROR|WARNING|INFO): /, '').trim())
    .filter((l) => l !== '' && !/^Please use '-h' for usage$/.test(l))
    .join('; ');
  return text.length > 300 ? `${text.slice(0, 299)}…` : text;
};
