/**
 * What results mean, in words. Microsoft documents the codes as those of SIP and HTTP, and hardly any
 * subcode; where a subcode is 9999, the message ends with a more telling one, such as `412#10073`.
 */

const BY_DIAGNOSIS: Record<string, string> = {
  '412#10073': 'The account that the call belongs to is not set up to call telephones.',
  '403#10151': 'The call was made without what it takes to call telephones from it.',
}

const BY_RESULT: Record<string, string> = {
  '400/8508': 'Microsoft Graph took the invitation for a bad request.',
  '500/7106': 'Microsoft Graph met an error of its own.',
}

const BY_CODE: Record<number, string> = {
  400: 'The request was not valid.',
  401: 'The application was not authenticated.',
  403: 'The application or the caller may not do this.',
  404: 'The participant or the call was not found.',
  408: 'Nobody answered in time.',
  409: 'It was at odds with something else going on in the call.',
  410: 'The call had ended, or its media had failed.',
  412: 'Something that the invitation needs was not there.',
  429: 'There were too many requests.',
  430: 'The participant could not be reached over the network.',
  480: 'The participant was not online.',
  481: 'The invitation could not be matched with a call.',
  486: 'The participant was busy.',
  487: 'The invitation was cancelled.',
  488: 'The two sides had no media format in common.',
  500: 'The service met an error of its own.',
  502: 'The service could not get through to another one.',
  503: 'The service was not available.',
  504: 'The service waited too long for another one.',
  600: 'The participant was busy everywhere.',
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

/** Say what a result means, or an empty text when it is not known. */
export function causeOf({ code, subcode, diagnosis }: ResultCodes): string {
  return (
    (diagnosis && BY_DIAGNOSIS[diagnosis]) ||
    BY_RESULT[`${code}/${subcode}`] ||
    BY_CODE[code] ||
    (code >= 200 && code < 300 ? 'It went well.' : '')
  )
}

/** All that is known: a code, a code with a subcode or a diagnostic code, and what it means. */
export const KNOWN_CAUSES: [string, string][] = [
  ...Object.entries(BY_DIAGNOSIS),
  ...Object.entries(BY_RESULT),
  ...Object.entries(BY_CODE),
]
