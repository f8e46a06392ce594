/** What the fetcher tells the page: `unauthorized`, and `stopped` with the last response. */
export const signals = new EventTarget()
