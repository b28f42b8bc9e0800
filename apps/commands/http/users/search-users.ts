import type { Accounts } from '#libs/accounts';
import type { UserQuery, Users } from '#libs/users';
import { type UsersAnswer, userAnswer } from './answers.js';

/**
 * Users whose email begins with `search` (in any case), in order of email, or the one whose id it is. Emails are in the
 * accounts, states in the user documents; a page may be shorter than asked where the states leave users out.
 */
export async function searchUsers(
  query: UserQuery & { readonly search: string },
  users: Users,
  accounts: Accounts,
): Promise<UsersAnswer> {
  const wanted = new Set(query.statuses);
  const byId = query.after === null ? await users.get(query.app, query.search) : null;
  if (byId) {
    const found = wanted.has(byId.status) ? [userAnswer(byId, await accounts.find(byId.userId))] : [];
    return { users: found, next: null };
  }
  const page = await accounts.searchByEmailPrefix(query.app, query.search, query.after, query.limit);
  const found = await Promise.all(
    page.accounts.map(async (account) => ({ account, user: await users.get(query.app, account.userId) })),
  );
  return {
    users: found.flatMap(({ account, user }) => (user && wanted.has(user.status) ? [userAnswer(user, account)] : [])),
    next: page.next,
  };
}
