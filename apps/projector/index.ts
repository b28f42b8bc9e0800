export { openProjector, type ProjectorSeams } from './open-projector.js';
export { type Projector, type ProjectorParts, startProjector } from './projector.js';
