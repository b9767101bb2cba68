import type { FenceMethod } from '@lifeboat/contracts';
import { done, type Failure, failed, type HostId, type Outcome, ok } from '@lifeboat/kernel';
import type { FenceDevice, FenceFailure, PowerState } from '@lifeboat/ports';
import { plainEnv, type Ran, runProgram, SYSTEM_PATH } from '@lifeboat/subprocess';
import { identityOf } from './identity.ts';
import { type AgentEnd, failureOf, powerStateOf, trimmed } from './meaning.ts';
import { type AgentMetadata, readMetadata, unfitMethod } from './metadata.ts';
import { masked, resolveParameters, type SecretSource, secretsOfProcess } from './parameters.ts';
import { slots } from './slots.ts';

export interface FenceAgentsOptions {
  /** Directories searched before the system's own, separated by colons. */
  readonly agentPath?: string;
  readonly resolveSecret?: SecretSource;
  /** For methods that name no limit of their own. */
  readonly timeLimitMs?: number;
  /** Between SIGTERM and SIGKILL to an agent that is over its limit. */
  readonly graceMs?: number;
  /** A rack has 40 hosts; each agent is a Python start of 75 ms and 20 MB. */
  readonly atOnce?: number;
}

type Action = 'status' | 'off' | 'on';
type Answer = Outcome<AgentEnd, FenceFailure>;

const METADATA_LIMIT_MS = 10_000;
const DEFAULT_LIMIT_MS = 30_000;

/**
 * Fence devices by the ClusterLabs agents (fence_ipmilan, fence_redfish, ...). Parameters go over standard input, so
 * that no password shows in the process list. `off` only orders; `status` alone proves.
 */
export const fenceAgents = (options: FenceAgentsOptions = {}): FenceDevice => {
  const source = options.resolveSecret ?? secretsOfProcess;
  const env = plainEnv({
    PATH: options.agentPath === undefined ? SYSTEM_PATH : `${options.agentPath}:${SYSTEM_PATH}`,
    PYTHONWARNINGS: 'ignore',
  });
  const running = slots(options.atOnce ?? 40);
  const known = new Map<string, AgentMetadata>();

  const run = (agent: string, args: readonly string[], input: string, timeLimitMs: number) =>
    // env(1) finds the agent by the PATH above; Node would look in its own.
    runProgram({ command: '/usr/bin/env', args: [agent, ...args], input, env, timeLimitMs, graceMs: options.graceMs ?? 1_000 });

  const metadataOf = async (agent: string): Promise<Outcome<AgentMetadata, FenceFailure>> => {
    const before = known.get(agent);
    if (before !== undefined) return ok(before);
    const ran = await run(agent, ['-o', 'metadata'], '', METADATA_LIMIT_MS);
    if (ran.kind === 'timeout') return failed('FENCE_TIMEOUT', `${agent} -o metadata: no end within ${METADATA_LIMIT_MS} ms`);
    if (ran.kind === 'not-started') return failed('FENCE_MISCONFIGURED', `${agent}: ${ran.why}`);
    const metadata = ran.code === 0 ? readMetadata(ran.stdout) : null;
    if (metadata === null)
      return failed(
        'FENCE_MISCONFIGURED',
        `${agent} -o metadata: ${trimmed(ran) || 'no fence agent'}; is the package fence-agents installed here?`,
      );
    known.set(agent, metadata);
    return ok(metadata);
  };

  const act = async (action: Action, host: HostId, method: FenceMethod, may: () => boolean): Promise<Answer> => {
    const limitMs = method.timeLimitMs ?? options.timeLimitMs ?? DEFAULT_LIMIT_MS;
    const where = `${method.name} (${method.agent}) ${action} ${host}`;
    const release = await running.take(limitMs);
    if (release === null) return failed('FENCE_TIMEOUT', `${where}: too many fence agents at once for ${limitMs} ms`);
    try {
      const metadata = await metadataOf(method.agent);
      if (!metadata.ok) return metadata;
      const unfit = unfitMethod(method.agent, method.parameters, metadata.value);
      if (unfit !== null) return failed('FENCE_MISCONFIGURED', `fence method ${method.name} of ${host}: ${unfit}`);
      const parameters = await resolveParameters(method.parameters, source);
      if (!parameters.ok) return failed('FENCE_MISCONFIGURED', `fence method ${method.name} of ${host}: ${parameters.problem}`);
      // No wait from here to the start of the agent: who is paused in between finds out before it acts.
      if (!may()) return failed('FENCE_REFUSED', `${where}: not ordered, for we do not lead any more, or it is not wanted any more`);
      const input = [...parameters.lines, `action=${action}`, ''].join('\n');
      return judged(where, limitMs, await run(method.agent, [], input, limitMs), (end) => masked(trimmed(end), parameters.secrets));
    } finally {
      release();
    }
  };

  return { ...deviceBy(act), identity: (_host, method) => identityOf(method, source, env) };
};

type Act = (action: Action, host: HostId, method: FenceMethod, may: () => boolean) => Promise<Answer>;

/** What is asked of a host's devices, by way of `act`. */
const deviceBy = (act: Act): FenceDevice => {
  const orderOne = async (
    action: 'off' | 'on',
    host: HostId,
    method: FenceMethod,
    may: () => boolean,
  ): Promise<Outcome<undefined, FenceFailure>> => {
    const answer = await act(action, host, method, may);
    if (!answer.ok) return answer;
    if (answer.value.code === 0) return done;
    return notClear(`${method.name} (${method.agent}) ${action} ${host}`, answer.value);
  };

  const statusOfOne = async (host: HostId, method: FenceMethod): Promise<Outcome<PowerState, FenceFailure>> => {
    const answer = await act('status', host, method, always);
    if (!answer.ok) return answer;
    const power = powerStateOf(answer.value);
    return power === null ? notClear(`${method.name} (${method.agent}) status ${host}`, answer.value) : ok(power);
  };

  const order = async (action: 'off' | 'on', host: HostId, method: FenceMethod, may: () => boolean) => {
    const answers = await Promise.all(partsOf(method).map((m) => orderOne(action, host, m, may)));
    return answers.find((a) => !a.ok) ?? done;
  };

  return {
    status: async (host, method) => togetherOf(await Promise.all(partsOf(method).map((m) => statusOfOne(host, m)))),
    off: (host, method, may = always) => order('off', host, method, may),
    on: (host, method) => order('on', host, method, always),
  };
};

const always = () => true;

/** The method, and each further device of the host as a method of its own. */
const partsOf = ({ also = [], ...first }: FenceMethod): readonly FenceMethod[] => [
  first,
  ...also.map((device, i) => ({ ...first, ...device, name: `${first.name}, device ${i + 2}` })),
];

/** One device that feeds it is enough to keep a host on; off it is only when all of them say so. */
const togetherOf = (answers: readonly Outcome<PowerState, FenceFailure>[]): Outcome<PowerState, FenceFailure> =>
  answers.find((a) => a.ok && a.value === 'on') ?? answers.find((a) => !a.ok) ?? ok('off');

/** Codes 0 and 2 are answers; what they answer depends on the action. Everything else is a failure. */
const judged = (where: string, limitMs: number, ran: Ran, words: (end: AgentEnd) => string): Answer => {
  if (ran.kind === 'not-started') return failed('FENCE_MISCONFIGURED', `${where}: ${ran.why}`);
  if (ran.kind === 'timeout') return failed('FENCE_TIMEOUT', `${where}: no end within ${limitMs} ms; killed`);
  const end = { code: ran.code, stdout: ran.stdout, stderr: words({ ...ran }) };
  if (ran.code === 0 || ran.code === 2) return ok(end);
  return failed(failureOf(ran), `${where}: ${end.stderr || (ran.signal === null ? `exit code ${ran.code}` : `ended by ${ran.signal}`)}`);
};

const notClear = (where: string, end: AgentEnd): Failure<FenceFailure> =>
  failed('FENCE_REFUSED', `${where}: neither clearly on nor off (exit code ${end.code}): ${end.stderr || 'no words'}`);
