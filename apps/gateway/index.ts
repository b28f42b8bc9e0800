export { createGateway, type Gateway, type GatewayParts } from './create-gateway.js';
