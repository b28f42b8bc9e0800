import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiSecurity } from '@nestjs/swagger';

/** The name, in the description of the API, of showing an admin key as `X-API-Key`. */
export const apiKeyScheme = 'api-key';

/** Says in the description of the API that these routes need an admin key, shown in either way. */
export const ApiAdminKey = () => applyDecorators(ApiBearerAuth(), ApiSecurity(apiKeyScheme));
