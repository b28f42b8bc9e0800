import { ValidationPipe } from '@nestjs/common';
import { IsOptional, IsString, Length } from 'class-validator';
import type { Device } from '#libs/accounts';
import { ClientError } from './client-error.js';

/** Credentials of `local-userpass`, as `realm-web` sends them. Fields that are not known here are left alone. */
export class PasswordCredentials {
  @IsString()
  @Length(1, 254)
  username!: string;

  @IsString()
  @Length(1, 1_024)
  password!: string;

  @IsOptional()
  options?: unknown;
}

export const clientBody = new ValidationPipe({
  transform: true,
  exceptionFactory: (errors) => {
    const messages = errors.flatMap((error) => Object.values(error.constraints ?? {}));
    return new ClientError(400, 'MissingParameter', messages.join('; ') || 'the body must be a JSON object');
  },
});

/** `options.device.deviceId.$oid` where it is an id and not the zero that a client sends before it has one; else null. */
export function deviceIdIn(options: unknown): string | null {
  const id = field(field(field(options, 'device'), 'deviceId'), '$oid');
  return typeof id === 'string' && /^[0-9a-f]{24}$/.test(id) && !/^0+$/.test(id) ? id : null;
}

const deviceFields = ['platform', 'platformVersion', 'sdkVersion', 'appId', 'appVersion'] as const;
const longestOfDevice = 64;

/** What `options.device` says of the device, as far as it is text of 1 to 64 characters. */
export function deviceIn(options: unknown): Device {
  const device = field(options, 'device');
  const said = deviceFields.map((name) => [name, field(device, name)] as const);
  return Object.fromEntries(said.filter(([, value]) => isShortText(value)));
}

function isShortText(value: unknown): boolean {
  return typeof value === 'string' && value.length > 0 && value.length <= longestOfDevice;
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}
