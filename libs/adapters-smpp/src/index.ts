export { type SmppOptions, smppOptionsFromUrl } from './options.ts';
export { SmppLink } from './smpp-link.ts';
