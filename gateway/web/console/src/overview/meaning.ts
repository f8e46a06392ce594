/**
 * The meanings of results. Microsoft documents the codes as those of SIP and HTTP, but few subcodes. If a
 * subcode is 9999, the message ends with a more specific code, such as `412#10073`.
 */

const BY_DIAGNOSIS: Record<string, string> = {
  '412#10073': 'The account that owns the call is not enabled to call phone numbers.',
  '403#10151': 'The call was created without the metadata needed to call phone numbers.',
}

const BY_RESULT: Record<string, string> = {
  '400/8508': 'Microsoft Graph rejected the invitation as a bad request.',
  '500/7106': 'Microsoft Graph had an internal error.',
}

const BY_CODE: Record<number, string> = {
  400: 'Bad request.',
  401: 'The application is not authenticated.',
  403: 'The application or the caller is not allowed to do this.',
  404: 'The participant or the call was not found.',
  408: 'Nobody answered in time.',
  409: 'The invitation conflicts with another operation in the call.',
  410: 'The call has ended, or its media failed.',
  412: 'A precondition of the invitation is not met.',
  429: 'Too many requests.',
  430: 'The network connection to the participant failed.',
  480: 'The participant is not available.',
  481: 'The call does not exist.',
  486: 'The participant is busy.',
  487: 'The invitation was cancelled.',
  488: 'The two sides support no common media format.',
  500: 'The service had an internal error.',
  502: 'The service got an invalid response from another service.',
  503: 'The service is unavailable.',
  504: 'Another service did not respond in time.',
  600: 'The participant is busy on all devices.',
  603: 'The participant declined.',
}

export interface ResultCodes {
  code: number
  subcode: number
  /** Null when the message has none. */
  diagnosis?: string | null
}

/** The diagnostic code in a message, such as `412#10073`. */
export const diagnosisOf = (message: string | null | undefined): string | undefined =>
  message?.match(/DiagCode:\s*(\d+#\d+)/)?.[1]

/** Return what a result means, or an empty text if it is unknown. */
export function causeOf({ code, subcode, diagnosis }: ResultCodes): string {
  return (
    (diagnosis && BY_DIAGNOSIS[diagnosis]) ||
    BY_RESULT[`${code}/${subcode}`] ||
    BY_CODE[code] ||
    (code >= 200 && code < 300 ? 'Successful.' : '')
  )
}

/** All known meanings: a code, a code with a subcode or a diagnostic code, and what it means. */
export const KNOWN_CAUSES: [string, string][] = [
  ...Object.entries(BY_DIAGNOSIS),
  ...Object.entries(BY_RESULT),
  ...Object.entries(BY_CODE),
]
