/** What the gateway wrote into the page: the value of a setting, or an empty text. */
export function setting(name: 'auth' | 'hide-names' | 'issuers' | 'playground'): string {
  return document.querySelector<HTMLMetaElement>(`meta[name="invite-gateway:${name}"]`)?.content ?? ''
}
