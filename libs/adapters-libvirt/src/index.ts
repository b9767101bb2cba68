export { type LibvirtOptions, type LibvirtVms, libvirtVms } from './libvirt-vms.ts';
