export { foldUserDocument, isUserEvent, type UserDocument, type UserEvent } from './user-document.js';
export { ProjectionGap, type UserQuery, Users, usersCollection } from './users.js';
