/** The bearer token, kept for the pages of one tab. */

const KEY = 'bearerToken'

export const readToken = () => sessionStorage.getItem(KEY) ?? ''

export function storeToken(token: string): void {
  if (token) sessionStorage.setItem(KEY, token)
  else sessionStorage.removeItem(KEY)
}
