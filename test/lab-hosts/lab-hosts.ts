import { join } from 'node:path';
import { type BmcFault, setBmcFault, startBmc, stopBmc } from './bmc.ts';
import { bmcAddress, hostDir, mgmtAddress, prodAddress, writeUnder } from './places.ts';
import { powerOff, powerOn, powerStatus } from './power.ts';

export { BMC_PASSWORD, BMC_USER, type BmcFault } from './bmc.ts';
export { HOST_PORT, hostName } from './places.ts';
export { labMethod, type TopologyWish, topologyFor } from './topology.ts';

export interface LabHostsOptions {
  readonly count: number;
  /** Number of the first; 1 is compute-1. */
  readonly first?: number;
  /** Does a host run nova-compute N of the OpenStack lab? */
  readonly compute?: boolean;
  readonly agentCommand?: (n: number) => readonly string[];
  readonly agentEnv?: (n: number) => Readonly<Record<string, string>>;
}
export interface LabHosts {
  readonly numbers: readonly number[];
  /** Gives a host power (and its BMC, which has power as long as the lab stands); returns when the host answers. */
  start(n: number): Promise<void>;
  startAll(): Promise<void>;
  /** Pulls the plug: everything of the host is killed, nothing says goodbye; its BMC then says 'off'. */
  powerCut(n: number): Promise<void>;
  powerStatus(n: number): 'on' | 'off';
  bmcAddress(n: number): string;
  mgmtAddress(n: number): string;
  prodAddress(n: number): string;
  /** For 'slow' the number of seconds each answer of the BMC takes. */
  setFault(n: number, fault: BmcFault, on: boolean | number): void;
  logDir(n: number): string;
  stopAll(): Promise<void>;
}

export const labHosts = (options: LabHostsOptions): LabHosts => {
  const numbers = Array.from({ length: options.count }, (_, i) => (options.first ?? 1) + i);
  const start = async (n: number) => {
    const agent =
      options.agentCommand === undefined ? {} : { agent: { command: options.agentCommand(n), env: options.agentEnv?.(n) ?? {} } };
    writeUnder(join(hostDir(n), 'config.json'), JSON.stringify({ compute: options.compute ?? true, ...agent }));
    await startBmc(n);
    await powerOn(n);
  };
  return {
    numbers,
    start,
    startAll: async () => void (await Promise.all(numbers.map(start))),
    powerCut: powerOff,
    powerStatus,
    bmcAddress,
    mgmtAddress,
    prodAddress,
    setFault: setBmcFault,
    logDir: hostDir,
    stopAll: async () => void (await Promise.all(numbers.map((n) => Promise.all([powerOff(n), stopBmc(n)])))),
  };
};
