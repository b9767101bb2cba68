export * from './automatic.ts';
export * from './mask.ts';
export * from './same-code.ts';
export * from './segments.ts';
export * from './understand.ts';
export { type Answer, CODE_DIGITS } from './words.ts';
