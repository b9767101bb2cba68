export { namesIn, noNames, shortName, type VmNames, vmCalled, vmInShort } from './names.ts';
export * from './sentence.ts';
export * from './story.ts';
export { verdicts as chineseVerdicts } from './zh/verdicts.ts';
