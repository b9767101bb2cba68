export { isDumpMessage, type KdumpListener, type KdumpOptions, kdumpListener } from './kdump.ts';
export { type Fitness, type ProberOptions, prober } from './prober.ts';
export { type SshOptions, sshShell } from './ssh-shell.ts';
