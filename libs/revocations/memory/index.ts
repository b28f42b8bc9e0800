export { MemoryRevocations, type MemoryRevocationsOptions } from './revocations.js';
