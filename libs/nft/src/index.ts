export * from './nft.js';
export * from './table.js';
