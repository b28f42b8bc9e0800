export { type Projector, type ProjectorParts, startProjector } from './projector.js';
