export * from './desired.js';
