/** Secrets in URLs, masked. */

/** Who logs in, and what follows names like `token` and `password` in a query or fragment. */
export function withoutSecrets(word: string): string {
  if (!word.includes("://")) return word;
  return (
    word
      // A password with a slash in it is none of a valid URL's, and given all the same; a port is no password.
      .replaceAll(/:\/\/(?:[^\s/?#]*|[^\s/?#:@]*:(?!\d+\/)[^\s@]*)@/g, "://***@")
      .replaceAll(/([?&#;][^=&#;\s]*(?:token|secret|pass|pwd|key|sig|auth|cred)[^=&#;\s]*=)[^&#;\s]*/gi, "$1***")
  );
}
