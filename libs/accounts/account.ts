import type { CollectionSpec } from '#libs/documents';

/** What is known of a user and must be forgotten with them. Holds no password hash. */
export interface Account {
  readonly userId: string;
  readonly app: string;
  readonly email: string;
  /** The id of the user's identity at the provider `local-userpass`. */
  readonly identityId: string;
  readonly createdAt: number;
  readonly lastSignInAt: number | null;
}

export interface AccountDocument {
  /** The user's id. */
  readonly _id: string;
  readonly app: string;
  /** As it was given: addresses that differ in case are different users. */
  readonly email: string;
  /** See {@link searchKey}. */
  readonly searchKey: string;
  readonly identityId: string;
  readonly createdAt: number;
  /** Absent until the registration is settled. */
  readonly passwordHash?: string;
  /** When the last attempt at registering it began; absent once settled. */
  readonly unsettledSince?: number;
  readonly lastSignInAt?: number;
}

export const accountsSpec: CollectionSpec<AccountDocument> = {
  name: 'accounts',
  indexes: [
    { keys: { app: 1, email: 1 }, unique: true },
    { keys: { app: 1, searchKey: 1 } },
    { keys: { unsettledSince: 1 }, sparse: true },
  ],
};

/** Sorts addresses without regard to case, and each in one place only: the address itself follows its folded form. */
export function searchKey(email: string): string {
  return `${foldEmail(email)} ${email}`;
}

export function foldEmail(email: string): string {
  return email.normalize('NFC').toLowerCase();
}

export function accountOf(document: AccountDocument): Account {
  return {
    userId: document._id,
    app: document.app,
    email: document.email,
    identityId: document.identityId,
    createdAt: document.createdAt,
    lastSignInAt: document.lastSignInAt ?? null,
  };
}
