import { confirmOnTheLab } from './confirm/lab.ts';
import { confirmSimulated } from './confirm/simulated.ts';
import type { RunFigure } from './index.ts';

/** Power cut, question by mail and text message, reply to the mail, all VMs back; in full, on the OpenStack of the lab. */
export const run: RunFigure = ({ full }) => (full ? confirmOnTheLab() : confirmSimulated());
