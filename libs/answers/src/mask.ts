/** For logs, events and failures: enough to know one's own number again, no more. +8613812341234 → +86138****1234 */
export const maskNumber = (number: string): string => {
  const digits = number.replace(/[^0-9]/g, '');
  if (digits.length < 9) return '****';
  return `${number.trim().startsWith('+') ? '+' : ''}${digits.slice(0, -8)}****${digits.slice(-4)}`;
};

/** li.wei@example.org → l***@example.org */
export const maskAddress = (address: string): string => {
  const at = address.lastIndexOf('@');
  return at < 1 ? '***' : `${[...address][0] ?? ''}***${address.slice(at)}`;
};

/** Whatever it is: an address, a number, or a text that has numbers in it. */
export const maskAll = (text: string): string =>
  text.replace(/[^\s@<>"',;:()]+@[^\s@<>"',;:()]+/g, maskAddress).replace(/\+?[0-9][0-9 ()-]{7,}[0-9]/g, maskNumber);
