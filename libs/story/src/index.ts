export * from './sentence.ts';
export * from './story.ts';
