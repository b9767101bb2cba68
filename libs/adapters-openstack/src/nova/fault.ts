import type { ServerRow } from './schemas.ts';

/**
 * What Nova says went wrong. Of a fault that is not its own (libvirt's, say) the message is only the name of its class; what
 * was said is at the end of the details, a Python traceback which those with the admin role are shown.
 */
export const faultOf = (fault: ServerRow['fault']): string | null => {
  if (fault === undefined) return null;
  const lines = fault.details?.trim().split('\n') ?? [];
  const raised = lines.findLastIndex((line) => /^[A-Za-z_][\w.]*: /.test(line));
  if (raised < 0 || /\s/.test(fault.message)) return fault.message;
  return lines.slice(raised).join(' ').slice(0, 1_000);
};

/** QEMU's words where an image is locked by another process or host, libvirt's where a lock manager says so. */
const locks =
  /Failed to get (shared )?"[a-z ]+" lock|Is another process using the image|Lease owned by other host|Failed to acquire lock|resource busy: Lockspace/i;
export const isStorageLocked = (fault: ServerRow['fault']): boolean =>
  fault !== undefined && (locks.test(fault.message) || locks.test(fault.details ?? ''));
