/** The first of them, and how many more. */
export const list = (items: readonly string[], most = 8): string =>
  items.length <= most ? items.join(', ') : `${items.slice(0, most).join(', ')} and ${items.length - most} more`;
export const vms = (n: number): string => (n === 1 ? '1 VM' : `${n} VMs`);
