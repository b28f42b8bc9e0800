export { checkMongoServer, type MongoServerCheck } from './check-server.js';
export { MongoDocuments } from './documents.js';
export { mongoSettings } from './of-config.js';
export type { MongoSettings } from './settings.js';
