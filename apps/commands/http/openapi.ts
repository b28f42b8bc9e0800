import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { apiKeyScheme } from './admin/api-admin-key.js';

/** `/openapi.json`, and a page to read it at `/docs`. */
export function serveOpenApi(app: INestApplication): void {
  const description = new DocumentBuilder()
    .setTitle('Portcullis control API')
    .setDescription(
      'Commands on users and sessions, sign-in, and keys. Errors are problem documents (RFC 9457) with a stable `code`.',
    )
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'an admin key' })
    .addApiKey({ type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'an admin key' }, apiKeyScheme)
    .build();
  SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, description), {
    jsonDocumentUrl: 'openapi.json',
    yamlDocumentUrl: 'openapi.yaml',
    customSiteTitle: 'Portcullis control API',
  });
}
