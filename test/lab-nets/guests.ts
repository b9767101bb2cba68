import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { firstOf } from '../lab-hosts/machine.ts';
import { readOr } from '../lab-hosts/places.ts';
import { hostDir, labDir } from './places.ts';
import { powerStatus } from './power.ts';

const TAKEN = 99;
const disks = join(labDir, 'disks');

/**
 * Guests as processes of their host: each holds the lock on its disk while it runs. One that finds the lock taken would have
 * been a second writer: that is what this lab exists to see.
 */
export class Guests {
  readonly doubles: string[] = [];
  readonly #running = new Map<string, ChildProcess>();

  constructor() {
    rmSync(disks, { recursive: true, force: true });
    mkdirSync(disks, { recursive: true });
  }

  /** On host N; false: it has no power. */
  start(vm: string, n: number): boolean {
    if (powerStatus(n) === 'off') return false;
    const where = `${vm} on host ${n}`;
    const inHost = ['-t', String(firstOf(hostDir(n))), '-p', '-m', '-u', '-n', '--'];
    const hold = ['flock', '--no-fork', '-n', '-E', String(TAKEN), join(disks, vm), 'sleep', '100000'];
    const child = spawn('nsenter', [...inHost, ...hold], { stdio: 'ignore' });
    child.on('error', (e) => this.doubles.push(`${where}: ${e.message}`));
    child.on('exit', (code) => {
      this.#running.delete(where);
      if (code === TAKEN) this.doubles.push(where);
    });
    this.#running.set(where, child);
    return true;
  }

  /** Its process in the host is the one child of the nsenter that brought it there. */
  async stop(vm: string, n: number): Promise<void> {
    const child = this.#running.get(`${vm} on host ${n}`);
    if (child?.pid === undefined) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const inside = readOr(`/proc/${child.pid}/task/${child.pid}/children`, '').trim().split(' ').filter(Boolean);
    for (const pid of inside) process.kill(Number(pid), 'SIGKILL');
    await ended;
  }

  runs(vm: string, n: number): boolean {
    return this.#running.has(`${vm} on host ${n}`);
  }
  get running(): readonly string[] {
    return [...this.#running.keys()];
  }
}
