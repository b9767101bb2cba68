import { done, type Failure, failed, type Outcome } from '@lifeboat/kernel';
import type { RemoteShell } from '@lifeboat/ports';
import { plainEnv, type Ran, runProgram } from '@lifeboat/subprocess';

export interface SshOptions {
  readonly user: string;
  readonly port?: number;
  /** The private key. Without it, what ssh finds by itself. */
  readonly identityFile?: string;
  /** The hosts' keys, as `ssh-keyscan` prints them. Without it, the user's own file. A host not in it is refused. */
  readonly knownHostsFile?: string;
  readonly restartCommand: string;
  readonly connectTimeoutMs?: number;
  /** For the whole command, connecting included. */
  readonly timeLimitMs?: number;
  readonly ssh?: string;
}

type SshFailure = 'SSH_UNREACHABLE' | 'SSH_REFUSED';

/** ssh's own words when it was the other side, or its key, that said no. */
const refusals =
  /Permission denied|Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED|No .*host key is known|Too many authentication failures|no matching host key type/i;

/** Host keys are always checked: a command that restarts an agent is not given to whoever answers at an address. */
export const sshShell = (options: SshOptions): RemoteShell => {
  const connectMs = options.connectTimeoutMs ?? 5_000;
  const limitMs = options.timeLimitMs ?? 20_000;
  const given = [
    'BatchMode=yes',
    'StrictHostKeyChecking=yes',
    `ConnectTimeout=${Math.max(1, Math.ceil(connectMs / 1_000))}`,
    'ServerAliveInterval=2',
    'ServerAliveCountMax=2',
    'LogLevel=ERROR',
    'ClearAllForwardings=yes',
    ...(options.knownHostsFile === undefined ? [] : [`UserKnownHostsFile=${options.knownHostsFile}`, 'GlobalKnownHostsFile=/dev/null']),
    ...(options.identityFile === undefined ? [] : [`IdentityFile=${options.identityFile}`, 'IdentitiesOnly=yes']),
  ];
  const run = (address: string, command: string) =>
    runProgram({
      command: '/usr/bin/env',
      args: [
        options.ssh ?? 'ssh',
        '-T',
        '-n',
        ...given.flatMap((o) => ['-o', o]),
        '-p',
        String(options.port ?? 22),
        '-l',
        options.user,
        '--',
        address,
        command,
      ],
      env: plainEnv({ HOME: process.env.HOME ?? '/' }),
      timeLimitMs: limitMs,
    });

  const connected = (address: string, ran: Ran): Outcome<Extract<Ran, { kind: 'ended' }>, SshFailure> => {
    if (ran.kind === 'not-started') return failed('SSH_UNREACHABLE', `${address}: ${ran.why}`);
    if (ran.kind === 'timeout') return failed('SSH_UNREACHABLE', `${address}: no end within ${limitMs} ms`);
    // 255 is ssh's own code; any other comes from the other side, so there was a login.
    if (ran.code !== 255 && ran.code !== 127 && ran.signal === null) return { ok: true, value: ran };
    return failed(refusals.test(ran.stderr) ? 'SSH_REFUSED' : 'SSH_UNREACHABLE', `${address}: ${lastWords(ran)}`);
  };

  return {
    login: async (address): Promise<Outcome<undefined, SshFailure>> => {
      const answer = connected(address, await run(address, 'exit 0'));
      return answer.ok ? done : answer;
    },
    restartAgent: async (address): Promise<Outcome<undefined, SshFailure | 'COMMAND_FAILED'>> => {
      const ran = await run(address, `${options.restartCommand} || exit 1`);
      // Connecting has its own, shorter limit: what takes this long is the command.
      if (ran.kind === 'timeout') return failed('COMMAND_FAILED', `${address}: '${options.restartCommand}' took longer than ${limitMs} ms`);
      const answer: Outcome<Extract<Ran, { kind: 'ended' }>, SshFailure> = connected(address, ran);
      if (!answer.ok) return answer;
      return answer.value.code === 0 ? done : commandFailed(address, options.restartCommand, answer.value);
    },
  };
};

const lastWords = (ran: Extract<Ran, { kind: 'ended' }>) => ran.stderr.trim().split('\n').at(-1)?.slice(0, 200) || `exit code ${ran.code}`;
const commandFailed = (address: string, command: string, ran: Extract<Ran, { kind: 'ended' }>): Failure<'COMMAND_FAILED'> =>
  failed('COMMAND_FAILED', `${address}: '${command}': ${lastWords(ran)}`);
