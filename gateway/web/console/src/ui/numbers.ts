const NUMBER = new Intl.NumberFormat()

/** A number as it is read, such as `12,345`. */
export const numberText = (value: number): string => NUMBER.format(value)

/** How many there are, such as `1 operation` or `12,345 operations`. */
export const counted = (count: number, noun: string): string =>
  `${numberText(count)} ${noun}${count === 1 ? '' : 's'}`
